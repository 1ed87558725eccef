"""Paths that somebody gave, which may be anything: too long, in a loop of links, behind a closed folder.

For those ``pathlib`` raises where ``os.path.isfile`` and its like say no (Python before 3.14), so the
engine asks ``os.path`` whether something is there, and this module why it is not.
"""

from __future__ import annotations

import os
from pathlib import Path


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
