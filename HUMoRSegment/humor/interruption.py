"""The wish to stop this process: a flag beside the exception, because an exception can get lost.

``KeyboardInterrupt`` is raised wherever Python happens to be. Where that is a callback of a library,
or an import that is tried, it is swallowed. So the wish is also kept here; tasks ask for it at each
event, and steps that must not be torn put it off to their end.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

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
