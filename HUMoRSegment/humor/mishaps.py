"""What the system may refuse anywhere, in words: files and memory. The last line, behind each part's own."""

from __future__ import annotations

import errno
import os

from .errors import DeviceError, HumorError, OutputError

_FULL = {errno.ENOSPC, errno.EDQUOT}
# What is said of no file but of the process or the machine.
_WITHOUT_FILE = {errno.EIO, errno.EMFILE, errno.ENFILE, errno.EAGAIN}
# How libraries say that they could not have memory, also for a thread, or for a part of themselves.
_MEMORY = (
    *("alloc", "out of memory", "outofmemory", "not enough memory", "failed to map segment"),
    *("cannot apply additional memory protection", "can't start new thread", "temporarily unavailable"),
)


def in_words(error: BaseException) -> HumorError | None:
    """The same failure as one that users understand; None if it is none of the system's."""
    if is_memory(error):
        return DeviceError(
            "There is not enough memory. Close other programs, use fewer workers at a time (--workers), or "
            "use a machine with more memory."
        )
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


def is_memory(error: BaseException) -> bool:
    """Whether an error of Python or of a library says that memory ran out, on any device."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":  # torch's
        return True
    if isinstance(error, OSError) and error.errno == errno.ENOMEM:
        return True
    text = str(error).lower()
    return isinstance(error, (RuntimeError, ImportError, OSError)) and any(hint in text for hint in _MEMORY)
