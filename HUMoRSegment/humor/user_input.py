"""What users write: whole numbers, edges of windows, paths. Imports nothing heavy.

Python's ``int`` takes more than they mean: ``९६``, ``1_000``, thousands of digits. A path may be anything:
too long, in a loop of links, behind a closed folder. For those ``pathlib`` raises where ``os.path.isfile``
and its like say no (Python before 3.14), so the engine asks ``os.path`` whether something is there, and
this module why it is not.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

_WRITTEN = re.compile(r"-?[0-9]{1,18}")
LARGEST_EDGE = 2048
"""Of a window in voxels; no head is longer on any grid that is read."""


def whole_number(text: str, smallest: int, largest: int) -> int | None:
    """The number that a text is; None if it is none, or lies outside the limits."""
    if not _WRITTEN.fullmatch(text):
        return None
    number = int(text)
    return number if smallest <= number <= largest else None


def is_window(text: str, multiple: int) -> bool:
    """Whether a text is ``auto``, ``whole``, or an edge in voxels that is a multiple of a number."""
    edge = whole_number(text, multiple, LARGEST_EDGE)
    return text in ("auto", "whole") or (edge is not None and edge % multiple == 0)


def home(text: str | Path) -> Path:
    """The path with ``~`` replaced where that is somebody's home; ``~nobody/x`` is a name like others."""
    return Path(os.path.expanduser(text))


def absence(path: Path) -> str:
    """Why neither a file nor a folder is found at a path, to follow its name in a sentence."""
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return "does not exist"
    except (OSError, ValueError) as error:  # ValueError: a character that no path has
        return f"cannot be reached ({getattr(error, 'strerror', None) or error})"
    return "is neither a file nor a folder"
