"""Lines for people on stdout and stderr; names in them cannot command the terminal."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TextIO

from ..errors import OutputError
from ..neutral import printable


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
