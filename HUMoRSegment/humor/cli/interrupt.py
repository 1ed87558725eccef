"""Ctrl-C and termination as one exception that unwinds the run, so that it tidies up after itself."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from .. import interruption
from ..errors import EXIT_CANCELLED, Cancelled

# SIGHUP: the terminal was closed (not on Windows). SIGBREAK: Ctrl-Break (only on Windows).
SIGNALS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)
]
BURST_SECONDS = 0.2
"""Signals that come so shortly after the first are the same wish: a terminal that closes sends several."""


@contextmanager
def interruptible() -> Iterator[None]:
    """Inside the block the first signal raises ``KeyboardInterrupt``, and a second one ends the process.

    What follows the first is the clean-up. The exception may be lost in a library, so the wish is also
    kept (see ``interruption``) and raised again at the next good place, at the latest at the end of
    the block. The second signal ends the process at once, even while a library is calculating; what is
    half written then has no result's name, and the next run removes it. A signal that the parent
    process told us to ignore (``nohup``) stays ignored.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}
    ours = [number for number, handler in before.items() if handler is not signal.SIG_IGN]

    def stop(number: int, frame: FrameType | None) -> None:
        if not interruption.asked() and interruption.ask():
            raise KeyboardInterrupt

    interruption.forget()
    with _second_one_ends_the_process(ours):
        for number in ours:
            signal.signal(number, stop)
        try:
            yield
            interruption.check()
        except Cancelled:
            raise
        except Exception as error:
            if interruption.asked():  # a library has made something else of the interrupt
                raise KeyboardInterrupt from error
            raise
        finally:
            interruption.forget()
            for number in ours:
                signal.signal(number, before[number] or signal.SIG_DFL)


@contextmanager
def _second_one_ends_the_process(numbers: list[signal.Signals]) -> Iterator[None]:
    """A thread counts signals: Python's own handlers wait until the main thread is back from a library."""
    heard, told = socket.socketpair()
    told.setblocking(False)  # as set_wakeup_fd wants it
    earlier = signal.set_wakeup_fd(told.fileno(), warn_on_full_buffer=False)

    def count() -> None:
        first: float | None = None
        while number := heard.recv(1):
            if number[0] not in numbers:
                continue
            now = time.monotonic()
            first = now if first is None else first
            if now - first > BURST_SECONDS:
                os._exit(EXIT_CANCELLED)

    thread = threading.Thread(target=count, daemon=True)
    thread.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(earlier)
        with suppress(OSError):
            told.shutdown(socket.SHUT_RDWR)
        thread.join()
        heard.close()
        told.close()
