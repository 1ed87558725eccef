"""One stream of events for every long task: stages, per cent, time left, warnings, results.

A task gets a ``Reporter`` and calls it; whoever listens (progress bar, JSON lines, the Slicer
window) passes a function. Cancelling is asking the reporter to raise at the next event.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from .errors import Cancelled
from .interruption import check
from .warnings import RunWarning, to_json


@dataclass(frozen=True)
class Event:
    """One thing that happened.

    Attributes:
        kind: ``stage``, ``progress``, ``warning``, ``result`` or ``error``.
        stage: the stage it belongs to, e.g. ``load``, ``segment``, ``write``, ``report``.
        message: a sentence for people; may be empty.
        fraction: share of the whole task done, 0 to 1, or None where unknown.
        seconds_left: estimate for the whole task, or None where unknown.
        data: further facts (JSON-serialisable).
    """

    kind: str
    stage: str = ""
    message: str = ""
    fraction: float | None = None
    seconds_left: float | None = None
    data: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> str:
        """The event as one line of JSON, without the fields that say nothing."""
        return json.dumps({key: value for key, value in asdict(self).items() if value not in (None, "", {})})


Listener = Callable[[Event], None]


class Reporter:
    """Turns calls of a running task into events, with shares of stages and time left.

    Args:
        listener: receives every event; None throws them away.
        shares: stage name → its share of the whole task (they are normalised to sum 1).
        clock: seconds, monotonic; a parameter so that tests need not wait.
    """

    def __init__(
        self,
        listener: Listener | None = None,
        shares: dict[str, float] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._listener = listener
        self._clock = clock
        self._start = clock()
        self._stage = ""
        self._cancelled = False
        total = sum((shares or {}).values()) or 1.0
        self._spans: dict[str, tuple[float, float]] = {}
        begin = 0.0
        for name, share in (shares or {}).items():
            self._spans[name] = (begin, begin + share / total)
            begin += share / total

    def cancel(self) -> None:
        """Make the task stop at its next event by raising ``Cancelled`` there."""
        self._cancelled = True

    def stage(self, name: str, message: str = "") -> None:
        """A stage begins."""
        self._stage = name
        self._send("stage", message, self._fraction(0.0))

    def progress(self, done: float, message: str = "") -> None:
        """``done`` (0 to 1) of the current stage is finished."""
        self._send("progress", message, self._fraction(min(max(done, 0.0), 1.0)))

    def warning(self, warning: RunWarning) -> None:
        """Something the user should know; the task goes on."""
        self._send("warning", str(warning), None, to_json(warning))

    def result(self, message: str = "", **data: Any) -> None:
        """The task is done; ``data`` says where the results are."""
        self._send("result", message, 1.0, data)

    def _fraction(self, done: float) -> float | None:
        if self._stage not in self._spans:
            return None
        begin, end = self._spans[self._stage]
        return begin + (end - begin) * done

    def _send(
        self, kind: str, message: str, fraction: float | None, data: dict[str, Any] | None = None
    ) -> None:
        check()
        if self._cancelled:
            raise Cancelled("Cancelled: nothing was kept of this run.")
        if self._listener is None:
            return
        left = None
        if fraction is not None and fraction > 0:
            left = (self._clock() - self._start) * (1 - fraction) / fraction
        self._listener(Event(kind, self._stage, message, fraction, left, data or {}))
