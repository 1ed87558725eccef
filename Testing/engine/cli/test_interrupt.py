from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from subprocess import Popen

import pytest

from humor.cli.interrupt import SIGNALS, interruptible

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot send these signals to itself")


def test_termination_is_an_interrupt_and_handlers_are_given_back() -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    with pytest.raises(KeyboardInterrupt), interruptible():
        os.kill(os.getpid(), signal.SIGTERM)
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_signals_of_one_burst_do_not_cut_the_clean_up_short() -> None:
    cleaned = False
    with pytest.raises(KeyboardInterrupt), interruptible():
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
            os.kill(os.getpid(), signal.SIGHUP)
            cleaned = True
    assert cleaned


def test_signals_that_our_parent_had_ignored_stay_ignored(start: Callable[..., Popen[str]]) -> None:
    code = (
        "import os, signal\n"
        "from humor.cli.interrupt import interruptible\n"
        "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "with interruptible():\n"
        "    os.kill(os.getpid(), signal.SIGHUP)\n"
        "print('still here')\n"
    )
    assert start("-c", code).communicate()[0] == "still here\n"


def test_other_threads_leave_signals_alone() -> None:
    inside: list[object] = []

    def look() -> None:
        with interruptible():
            inside.append(signal.getsignal(signal.SIGTERM))

    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert inside == [before]
