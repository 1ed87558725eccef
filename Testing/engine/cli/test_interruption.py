from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen

import pytest

from humor.interruption import BURST_SECONDS, SIGNALS, interruptible

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
        "from humor.interruption import interruptible\n"
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


# A task that says where it is, loses the first signal there, and would go on for ever.
_LOSES_IT = """
import sys, time
from humor.interruption import interruptible
from humor.events import Reporter
def unlucky():
    try:
        print("here", flush=True)
        time.sleep(60)
    except BaseException:
        pass
{task}
"""
_TRIED_IMPORT = """
import builtins
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "wanted_by_nobody":
            unlucky()
sys.meta_path.insert(0, Finder())
try:
    with interruptible():
        try:
            import wanted_by_nobody
        except ImportError:
            pass
        reporter = Reporter()
        while True:
            time.sleep(0.01)
            reporter.progress(0.5)
except KeyboardInterrupt:
    print("stopped", flush=True)
"""
_AT_THE_END = """
try:
    with interruptible():
        unlucky()
    print("not stopped", flush=True)
except KeyboardInterrupt:
    print("stopped", flush=True)
"""
_FOR_EVER = """
with interruptible():
    unlucky()
    print("lost", flush=True)
    while True:
        time.sleep(0.01)
"""
_OTHER_ERROR = """
try:
    with interruptible():
        unlucky()
        raise ImportError("half a library")
except KeyboardInterrupt:
    print("stopped", flush=True)
"""


def losing(start: Callable[..., Popen[str]], task: str) -> Popen[str]:
    child = start("-c", _LOSES_IT.format(task=task))
    assert child.stdout is not None and child.stdout.readline() == "here\n"
    return child


@pytest.mark.parametrize("task", [_TRIED_IMPORT, _AT_THE_END, _OTHER_ERROR])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_was_lost_is_raised_at_the_next_good_place(
    start: Callable[..., Popen[str]], task: str, number: signal.Signals
) -> None:
    child = losing(start, task)
    child.send_signal(number)
    assert child.communicate(timeout=120)[0] == "stopped\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_ends_the_process_at_once(
    start: Callable[..., Popen[str]], number: signal.Signals
) -> None:
    child = losing(start, _FOR_EVER)
    child.send_signal(number)
    assert child.stdout is not None and child.stdout.readline() == "lost\n"
    time.sleep(2 * BURST_SECONDS)
    assert child.poll() is None
    child.send_signal(number)
    assert child.wait(timeout=60) == 130


def test_a_second_signal_ends_a_process_that_is_in_a_library(start: Callable[..., Popen[str]]) -> None:
    """Python runs no handler while a library is at work; this one waits for a lock that it holds itself."""
    code = (
        "import ctypes\n"
        "from humor.interruption import interruptible\n"
        "with interruptible():\n"
        "    library, lock = ctypes.CDLL(None), ctypes.create_string_buffer(64)\n"
        "    library.pthread_mutex_init(lock, None)\n"
        "    library.pthread_mutex_lock(lock)\n"
        "    print('here', flush=True)\n"
        "    library.pthread_mutex_lock(lock)\n"
    )
    child = start("-c", code)
    assert child.stdout is not None and child.stdout.readline() == "here\n"
    time.sleep(0.5)
    child.terminate()
    time.sleep(3 * BURST_SECONDS)
    assert child.poll() is None
    child.terminate()
    assert child.wait(timeout=60) == 130


def test_a_signal_that_comes_where_nothing_can_be_raised_shows_no_traceback(
    start: Callable[..., Popen[str]],
) -> None:
    code = (
        "import os, signal, time\n"
        "from humor.interruption import interruptible\n"
        "class Odd:\n"
        "    def __del__(self):\n"
        "        os.kill(os.getpid(), signal.SIGTERM)\n"
        "        time.sleep(0.1)\n"
        "try:\n"
        "    with interruptible():\n"
        "        Odd()\n"
        "        print('lost')\n"
        "except KeyboardInterrupt:\n"
        "    print('stopped')\n"
    )
    assert start("-c", code).communicate() == ("lost\nstopped\n", "")


_PUBLISHES = """
import os, sys, time
from pathlib import Path
from humor.interruption import interruptible
from humor.output import folder
real = os.replace
def slow(old, new):
    real(old, new)
    if Path(new).name in sys.argv[2:]:
        print("here", flush=True)
        time.sleep(0.5)
os.replace = slow
try:
    with interruptible():
        with folder.OutputFolder(Path(sys.argv[1])) as out:
            out.file("segmentation.nii.gz").write_text("new")
            out.file("report.html").write_text("new")
            out.write_mark({"schema": "humor-report/1"})
except KeyboardInterrupt:
    print("stopped", flush=True)
"""


@pytest.mark.parametrize("place", ["segmentation.nii.gz", "report.html", "report.json"])
def test_publishing_is_not_torn_by_a_signal(
    start: Callable[..., Popen[str]], tmp_path: Path, place: str
) -> None:
    child = start("-c", _PUBLISHES, str(tmp_path), place)
    assert child.stdout is not None and child.stdout.readline() == "here\n"
    child.terminate()
    assert child.communicate(timeout=120)[0] == "stopped\n"
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"segmentation.nii.gz", "report.html", "report.json"}


def test_a_signal_while_the_lock_is_taken_leaves_nothing(
    start: Callable[..., Popen[str]], tmp_path: Path
) -> None:
    child = start("-c", _PUBLISHES, str(tmp_path / "out"), ".humor.journal")
    assert child.stdout is not None and child.stdout.readline() == "here\n"
    child.terminate()
    assert child.communicate(timeout=120)[0] == "stopped\n"
    assert not (tmp_path / "out").exists()


def test_two_signals_in_the_midst_of_publishing_lose_nothing_either(
    start: Callable[..., Popen[str]], tmp_path: Path
) -> None:
    code = _PUBLISHES.replace("time.sleep(0.5)", "time.sleep(600)")
    child = start("-c", code, str(tmp_path), "segmentation.nii.gz")
    assert child.stdout is not None and child.stdout.readline() == "here\n"
    child.terminate()
    time.sleep(2 * BURST_SECONDS)
    child.terminate()
    assert child.wait(timeout=60) == 130
    assert not (tmp_path / "report.json").exists()
    again = start("-c", _PUBLISHES, str(tmp_path))
    assert "Traceback" not in again.communicate(timeout=120)[1]
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"segmentation.nii.gz", "report.html", "report.json"}


# Stands in for a module of Python that the command line imports first, and takes its time.
_SLOW = "import sys, time\nprint('importing', flush=True)\ntime.sleep(60)\n"


@pytest.mark.parametrize("words", [["-m", "humor"], ["-c", "from humor.__main__ import main; main()"]])
def test_ctrl_c_before_anything_is_imported_ends_without_a_traceback(
    start: Callable[..., Popen[str]], tmp_path: Path, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "argparse.py").write_text(_SLOW)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    process = start(*words, "models")
    assert process.stdout is not None and process.stdout.readline() == "importing\n"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == -signal.SIGINT
    assert out == "" and err == ""
