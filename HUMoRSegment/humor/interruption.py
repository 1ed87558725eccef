"""Ctrl-C and termination as one wish to stop, which unwinds the run so that it tidies up after itself.

It is a flag beside the exception, because an exception can get lost.
``KeyboardInterrupt`` is raised wherever Python happens to be. Where that is a callback of a library,
or an import that is tried, it is swallowed. So the wish is also kept here; tasks ask for it at each
event, and steps that must not be torn put it off to their end.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from .errors import EXIT_CANCELLED, Cancelled

# SIGHUP: the terminal was closed (not on Windows). SIGBREAK: Ctrl-Break (only on Windows).
SIGNALS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)
]
BURST_SECONDS = 0.2
"""Signals that come so shortly after the first are the same wish: a terminal that closes sends several."""
_wanted = threading.Event()
_shields = 0  # of the main thread, which alone runs handlers of signals


def ask() -> bool:
    """Somebody wants this process to stop; whether that may be raised here and now."""
    _wanted.set()
    return _shields == 0


def asked() -> bool:
    """Whether somebody wants this process to stop."""
    return _wanted.is_set()


def forget() -> None:
    """A new beginning."""
    _wanted.clear()


def check() -> None:
    """A good place to stop.

    Raises:
        KeyboardInterrupt: somebody wants that; only in the main thread, where it can be handled.
    """
    if _wanted.is_set() and threading.current_thread() is threading.main_thread():
        raise KeyboardInterrupt


@contextmanager
def put_off() -> Iterator[None]:
    """Inside the block no wish to stop is raised, but when it ends well; for steps that take no time.

    Raises:
        KeyboardInterrupt: the wish came meanwhile.
    """
    global _shields
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came_before = _wanted.is_set()
    _shields += 1
    try:
        yield
    finally:
        _shields -= 1
    if _shields == 0 and not came_before:
        check()


@contextmanager
def interruptible() -> Iterator[None]:
    """Inside the block the first signal raises ``KeyboardInterrupt``, and a second one ends the process.

    What follows the first is the clean-up. The exception may be lost in a library, so the wish is also
    kept and raised again at the next good place, at the latest at the end of
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
        if not asked() and ask():
            raise KeyboardInterrupt

    forget()
    with _second_one_ends_the_process(ours), _lost_ones_not_shown():
        for number in ours:
            signal.signal(number, stop)
        try:
            yield
            check()
        except Cancelled:
            raise
        except Exception as error:
            if asked():  # a library has made something else of the interrupt
                raise KeyboardInterrupt from error
            raise
        finally:
            forget()
            for number in ours:
                signal.signal(number, before[number] or signal.SIG_DFL)


@contextmanager
def _lost_ones_not_shown() -> Iterator[None]:
    """Python shows exceptions that it cannot raise, as in ``__del__``; the wish to stop is kept anyway."""
    show = sys.unraisablehook

    def show_others(lost: sys.UnraisableHookArgs) -> None:
        if lost.exc_type is not KeyboardInterrupt:
            show(lost)

    sys.unraisablehook = show_others
    try:
        yield
    finally:
        sys.unraisablehook = show


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
