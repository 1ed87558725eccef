"""Lines that a child process writes, read in threads, so that nobody ever waits for them."""

from __future__ import annotations

import json
import threading
from collections import deque
from dataclasses import fields
from queue import Empty, SimpleQueue
from typing import IO

from humor.events import Event

LOG_LINES = 20
LONGEST_LOG_LINE = 500  # characters

_FIELDS = {entry.name for entry in fields(Event)}


def parse_event(line: str) -> Event | None:
    """The event in one line of JSON, or None if the line is something else."""
    try:
        facts = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(facts, dict) or not isinstance(facts.get("kind"), str):
        return None
    event = Event(**{key: value for key, value in facts.items() if key in _FIELDS})
    numbers = (event.fraction, event.seconds_left)
    well_formed = (
        all(value is None or isinstance(value, (int, float)) for value in numbers)
        and isinstance(event.stage, str)
        and isinstance(event.message, str)
        and isinstance(event.data, dict)
    )
    return event if well_formed else None


class LineReader:
    """Reads two streams to their ends in threads of their own.

    Args:
        stdout: events, one a line; other lines are noise of libraries.
        stderr: what went wrong.
    """

    def __init__(self, stdout: IO[str], stderr: IO[str]) -> None:
        self._events: SimpleQueue[Event] = SimpleQueue()
        self._noise: deque[str] = deque(maxlen=LOG_LINES)
        self._errors: deque[str] = deque(maxlen=LOG_LINES)
        self._threads = [
            threading.Thread(target=_read_events, args=(stdout, self._events, self._noise), daemon=True),
            threading.Thread(target=_read_log, args=(stderr, self._errors), daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    @property
    def at_end(self) -> bool:
        """Whether both streams have ended; ``take`` may still have something to give."""
        return not any(thread.is_alive() for thread in self._threads)

    def take(self) -> list[Event]:
        """The events that came since the last call."""
        taken = []
        while True:
            try:
                taken.append(self._events.get_nowait())
            except Empty:
                return taken

    def log(self) -> str:
        """The last lines that were no events; noise only where there is room beside the errors."""
        return "\n".join([*self._noise.copy(), *self._errors.copy()][-LOG_LINES:])


def _read_events(stream: IO[str], events: SimpleQueue[Event], log: deque[str]) -> None:
    with stream:
        for line in stream:
            event = parse_event(line)
            if event is not None:
                events.put(event)
            else:
                _keep(line, log)


def _read_log(stream: IO[str], log: deque[str]) -> None:
    with stream:
        for line in stream:
            _keep(line, log)


def _keep(line: str, log: deque[str]) -> None:
    if text := line.rstrip():
        log.append(text[:LONGEST_LOG_LINE])
