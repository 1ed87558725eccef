"""What the operating system may refuse anywhere, as errors that users understand."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from .errors import HumorError, OutputError

DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}
_BLOCKED = {errno.ENOTDIR, errno.EEXIST, errno.EISDIR, errno.EINVAL}
WRITE_FAILURES = DISK_FULL | _FORBIDDEN | _BLOCKED | {errno.EIO, errno.ENOENT, errno.ELOOP}
# What is said of no file but of the process or the machine.
_WITHOUT_FILE = {errno.EIO, errno.EMFILE, errno.ENFILE, errno.EAGAIN}


def in_words(error: BaseException) -> HumorError | None:
    """The same failure as one that users understand; None if it is none of the system's."""
    from .memory.shortage import memory_shortage  # here: what fails is worth a few milliseconds, help is not

    if (shortage := memory_shortage(error)) is not None:
        return shortage
    if not isinstance(error, OSError):
        return None
    reason = error.strerror or str(error)
    if error.filename is not None:
        where = os.fsdecode(error.filename) if isinstance(error.filename, (str, bytes)) else error.filename
        return OutputError(f"{where}: {reason}. Check the path, its permissions and the disk.")
    if error.errno in DISK_FULL:
        return OutputError("The disk (or your share of it) is full: free some space.")
    if error.errno in _WITHOUT_FILE:
        return OutputError(f"The system refuses to go on ({reason}). Close other programs, and try again.")
    return None


def output_error(path: Path, error: OSError) -> OutputError:
    """The failure to write ``path`` as a sentence with a remedy."""
    if error.errno in DISK_FULL:
        remedy = "The disk (or your share of it) is full: free some space or choose another output folder."
    elif error.errno in _FORBIDDEN:
        remedy = (
            "Writing there is not allowed: choose another output folder, change its permissions, or "
            "close the program that has the file open."
        )
    elif error.errno in _BLOCKED:
        remedy = (
            "Something else has the name of a file or folder that is needed: remove it or choose another "
            "output folder."
        )
    elif error.errno == errno.ELOOP:
        remedy = "A link stands in the way, and links are not followed: choose another output folder."
    else:
        remedy = "Check that the drive is connected and works, or choose another output folder."
    return OutputError(f"{path}: the results cannot be written ({error.strerror or error}). {remedy}")
