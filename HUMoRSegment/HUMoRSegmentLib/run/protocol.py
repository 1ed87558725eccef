"""What a child process says: events, one a line, and what its end means where it said no result."""

from __future__ import annotations

import json
import signal
import threading
from collections import deque
from dataclasses import fields
from queue import Empty, SimpleQueue
from typing import IO, Any

from slicer.i18n import tr as _

from humor.errors import EXIT_CANCELLED
from humor.events import Event

LOG_LINES = 20
LONGEST_LOG_LINE = 500  # characters
TAIL_LINES = 8
"""Lines of the log that a message ends with."""
_CRASHES = ("SIGSEGV", "SIGABRT", "SIGILL", "SIGBUS", "SIGFPE")
_WINDOWS_CRASHES = {
    0xC0000005: "access violation",
    0xC000001D: "illegal instruction",
    0xC00000FD: "stack overflow",
    0xC0000409: "stack buffer overrun",
}
_TRACEBACK = "Traceback (most recent call last)"

_FIELDS = {entry.name for entry in fields(Event)}


def parse_event(line: str) -> Event | None:
    """The event in one line of JSON, or None if the line is something else."""
    try:
        entries = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(entries, dict) or not isinstance(entries.get("kind"), str):
        return None
    event = Event(**{key: value for key, value in entries.items() if key in _FIELDS})
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


def was_cancelled(exit_code: int | None, data: dict[str, Any]) -> bool:
    """Whether the command itself says, by its exit code or its ``error`` event, that it was cancelled."""
    return EXIT_CANCELLED in (exit_code, data.get("exit_code"))


def sentence_of_error(message: str, data: dict[str, Any]) -> str:
    """The message of an ``error`` event, with what only Slicer knows about it."""
    if data.get("type") == "OutputError":
        remedy = _("Slicer's temporary folder can be changed in Edit / Application Settings / General.")
        return f"{message} {remedy}"
    return message or _("The segmentation failed without saying why. Please report this.")


def sentence_of_end(exit_code: int | None, log: str) -> str:
    """Why a process may have ended that said neither a result nor an error.

    Args:
        exit_code: its exit code; negative: minus the signal that ended it; on Windows also 32-bit codes.
        log: the last lines that it wrote.
    """
    if crash := _crash(exit_code):
        text = _(
            "The segmentation crashed ({crash}). Choose the device CPU and try again; "
            "if it happens there too, please report it."
        ).format(crash=crash)
    elif exit_code is not None and exit_code >= 0 and _TRACEBACK in log:
        text = _(
            "The segmentation could not run. Often a package is missing or broken: the last lines name it."
        )
    else:
        text = _(
            "The segmentation was ended from outside ({how}), most likely by the system for lack of memory. "
            "Close other programs or scenes, or choose the device CPU or the student model, and try again."
        ).format(how=_how(exit_code))
    return f"{text}{_tail(log)}"


def _crash(exit_code: int | None) -> str:
    """The name of a crash, or nothing if it was none."""
    if exit_code is None:
        return ""
    name = _signal_name(-exit_code) if exit_code < 0 else ""
    return name if name in _CRASHES else _WINDOWS_CRASHES.get(exit_code & 0xFFFFFFFF, "")


def _how(exit_code: int | None) -> str:
    if exit_code is not None and exit_code < 0 and (name := _signal_name(-exit_code)):
        return name
    return _("exit code {code}").format(code=exit_code)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return ""


def _tail(log: str) -> str:
    lines = log.splitlines()[-TAIL_LINES:]
    return "\n\n" + _("Last lines:") + "\n" + "\n".join(lines) if lines else ""
