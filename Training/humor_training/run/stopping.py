"""A training that is told to stop finishes its step and saves."""

from __future__ import annotations

import signal
import threading
import time
from types import FrameType, TracebackType

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Stopping:
    """While entered, SIGTERM and Ctrl-C set ``asked``; a second one acts as usual.

    Cluster schedulers send SIGTERM some seconds before they kill.

    Args:
        seconds: after which ``asked`` is set by itself, from now on; None: never.
    """

    def __init__(self, seconds: float | None = None) -> None:
        self._told = False
        self._end = None if seconds is None else time.monotonic() + seconds
        self._old: dict[int, object] = {}

    def __enter__(self) -> Stopping:
        # Python allows handlers in the main thread only.
        if threading.current_thread() is threading.main_thread():
            self._old = {number: signal.signal(number, self._note) for number in SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._restore()

    @property
    def asked(self) -> bool:
        """Whether to stop after this step."""
        return self._told or (self._end is not None and time.monotonic() >= self._end)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._told = True
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._old.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        self._old = {}
