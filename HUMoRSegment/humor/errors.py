"""The exceptions users can meet, and what the system may refuse anywhere in their words.

Every message names the file and what to do about it.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

EXIT_DONE = 0
EXIT_CANNOT_SEGMENT = 1
EXIT_WRONG_USAGE = 2
EXIT_CANCELLED = 130  # what shells report for Ctrl-C


class HumorError(Exception):
    """Base of all expected failures; ``exit_code`` is what the command line ends with."""

    exit_code = EXIT_CANNOT_SEGMENT


class InputError(HumorError):
    """An image or a study cannot be segmented as it is."""


class BundleError(HumorError):
    """A model bundle is missing, damaged, or does not fit its own description."""


class DeviceError(HumorError):
    """The wanted device is not there, or too small even after every fallback."""


class MemoryShortage(HumorError):
    """Main memory ran out where nothing smaller can be tried."""


class OutputError(HumorError):
    """Results cannot be written where they were wanted."""


class UserFileError(OutputError):
    """A file of the user's lies where a result would go; it is kept."""


class UsageError(HumorError):
    """The call itself is wrong: unknown option, no sequence, contradicting choices."""

    exit_code = EXIT_WRONG_USAGE


class Cancelled(HumorError):
    """The user cancelled; nothing half written is left."""

    exit_code = EXIT_CANCELLED


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
