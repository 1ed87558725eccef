"""Open a model's file: a plain one or a link to one, of a size that a model can have."""

from __future__ import annotations

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path

MAX_BYTES = 4 << 30
"""Of one file of a model, and of all that its zip unpacks to."""
# A pipe that nobody writes to, or a device, must not keep anybody waiting.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def open_file(path: Path) -> BufferedReader:
    """Open a file for reading.

    Raises:
        OSError: it cannot be opened; ``EINVAL`` if it is no plain file, ``EFBIG`` if it is too large.
    """
    file = os.fdopen(os.open(path, _FLAGS), "rb")
    facts = os.fstat(file.fileno())
    if not stat.S_ISREG(facts.st_mode):
        file.close()
        raise OSError(errno.EINVAL, "it is not a plain file", str(path))
    if facts.st_size > MAX_BYTES:
        file.close()
        raise OSError(errno.EFBIG, f"it has {facts.st_size / 1e9:.0f} GB, more than any model", str(path))
    return file
