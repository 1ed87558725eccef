"""What the system may refuse anywhere, in words: files and memory. The last line, behind each part's own."""

from __future__ import annotations

import errno
import os

from .errors import HumorError, OutputError

_FULL = {errno.ENOSPC, errno.EDQUOT}
# What is said of no file but of the process or the machine.
_WITHOUT_FILE = {errno.EIO, errno.EMFILE, errno.ENFILE, errno.EAGAIN}


def in_words(error: BaseException) -> HumorError | None:
    """The same failure as one that users understand; None if it is none of the system's."""
    from .memory.shortage import memory_shortage

    if (shortage := memory_shortage(error)) is not None:
        return shortage
    if not isinstance(error, OSError):
        return None
    reason = error.strerror or str(error)
    if error.filename is not None:
        where = os.fsdecode(error.filename) if isinstance(error.filename, (str, bytes)) else error.filename
        return OutputError(f"{where}: {reason}. Check the path, its permissions and the disk.")
    if error.errno in _FULL:
        return OutputError("The disk (or your share of it) is full: free some space.")
    if error.errno in _WITHOUT_FILE:
        return OutputError(f"The system refuses to go on ({reason}). Close other programs, and try again.")
    return None
