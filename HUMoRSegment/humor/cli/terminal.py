"""What a command shows: lines for people, a progress bar, or events as JSON lines for programs.

Names in what people read cannot command the terminal.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TextIO

from ..errors import Cancelled, HumorError, OutputError
from ..events import Event, Listener
from ..neutral import printable

BAR_WIDTH = 30


def say(text: str, stream: TextIO | None = None) -> None:
    """Print a text, with its line ends and nothing else that acts.

    Args:
        text: one line or several.
        stream: default: what stdout is now; nothing is printed where it is closed.

    Raises:
        OutputError: it cannot be written, for example to a full disk.
        BrokenPipeError: who read it has gone.
    """
    try:
        print(printable(text, keep="\n"), file=stream or sys.stdout, flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        reason = error.strerror or error
        raise OutputError(f"The output cannot be written ({reason}). Send it somewhere else.") from error


def complain(text: str) -> None:
    """The same on stderr; where that cannot be written, nobody can be told.

    Further lines are set in, so that no name with a line end in it looks like another message.
    """
    if sys.stderr is not None:
        with suppress(OutputError):
            say(text.replace("\n", "\n    "), sys.stderr)


def listener_for(as_json: bool, quiet: bool) -> Listener:
    """The listener that fits the options."""
    if as_json:
        return JsonLines()
    return Quiet() if quiet else Bar()


def error_event(error: HumorError) -> Event:
    """A failure as an event."""
    data = {"type": type(error).__name__, "exit_code": error.exit_code}
    return Event("error", message=str(error), data=data)


class JsonLines:
    """Writes each event as one line of JSON, at once, to what is stdout when this is made.

    Raises:
        OutputError: stdout is closed.
    """

    def __init__(self) -> None:
        if sys.stdout is None or sys.stdout.closed:
            raise OutputError("--json writes to stdout, but stdout is closed. Open it, or leave --json out.")
        self._stream = sys.stdout

    def __call__(self, event: Event) -> None:
        """Take an event.

        Raises:
            Cancelled: nobody reads stdout any more, so nobody waits for the result.
            OutputError: it cannot be written for another reason, such as a full disk.
        """
        try:
            print(event.to_json(), file=self._stream, flush=True)
        except BrokenPipeError as error:
            raise Cancelled("Cancelled: the program that read our output has gone.") from error
        except (OSError, ValueError) as error:  # ValueError: it was closed meanwhile
            reason = getattr(error, "strerror", None) or error
            raise OutputError(
                f"stdout cannot be written ({reason}). Send the output somewhere else."
            ) from error


class Quiet:
    """Shows warnings only, on stderr."""

    def __call__(self, event: Event) -> None:
        """Take an event."""
        if event.kind == "warning":
            complain(f"Warning: {event.message}")


class Bar:
    """A progress bar with per cent and time left; one plain line for each stage if not on a terminal.

    Args:
        stream: where to; default: stderr, so that stdout holds only the results.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._live = self._stream.isatty()
        self._text = ""
        self._drawn = ""

    def __call__(self, event: Event) -> None:
        """Take an event."""
        if event.kind == "warning":
            self._line(f"Warning: {event.message}")
        elif event.kind == "stage":
            self._text = event.message or event.stage
            if not self._live:
                self._line(f"{self._text} …")
        if event.kind == "result":
            self._erase()
        elif self._live and event.fraction is not None:
            self._draw(event)

    def _draw(self, event: Event) -> None:
        text = printable(event.message or self._text)
        line = bar_line(event.fraction or 0.0, event.seconds_left, text)
        if line != self._drawn:
            self._stream.write(f"\r\x1b[K{line}")
            self._stream.flush()
            self._drawn = line

    def _line(self, text: str) -> None:
        self._erase()
        self._stream.write(printable(text, keep="\n") + "\n")
        self._stream.flush()

    def _erase(self) -> None:
        if self._drawn:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._drawn = ""


def bar_line(fraction: float, seconds_left: float | None, text: str) -> str:
    """E.g. ``[###-------]  30 %  0:05 left  Segmenting``."""
    full = round(BAR_WIDTH * fraction)
    left = "" if seconds_left is None else f"  {_clock(seconds_left)} left"
    return f"[{'#' * full}{'-' * (BAR_WIDTH - full)}] {round(100 * fraction):3d} %{left}  {text}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
