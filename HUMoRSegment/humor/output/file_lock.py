"""A lock by a file that the operating system lets go of when the process ends, however it ends.

The file is opened without following links and without emptying it. It is removed while the lock is
still held, and whoever has locked a file looks whether it is still the one of that name: so two
processes never hold locks by two files that bore the same name one after the other.
"""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from pathlib import Path

from .plain_files import open_plain

_HELD_BY_ANOTHER = {errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK}


class FileLock:
    """A lock that is held; ``take`` makes it."""

    def __init__(self, path: Path, handle: int) -> None:
        self._path = path
        self._handle = handle

    @staticmethod
    def take(path: Path) -> FileLock | None:
        """Take the lock without waiting; None if another process holds it.

        Where the file system knows no locks (some network drives) it is taken in any case: then
        nothing can be said about others.

        Raises:
            OSError: the file cannot be opened.
        """
        while True:
            handle = open_plain(path, os.O_RDWR | os.O_CREAT)
            if not _try_lock(handle):
                os.close(handle)
                return None
            if _is_still(path, handle):
                return FileLock(path, handle)
            os.close(handle)  # whoever held it has removed it meanwhile

    def release(self) -> None:
        """Remove the file, unless somebody keeps something in it, and let go of the lock."""
        empty = os.fstat(self._handle).st_size == 0
        if sys.platform == "win32":  # removes no open file, neither ours nor another's
            os.close(self._handle)
        if empty:
            with suppress(OSError):
                os.unlink(self._path)
        if sys.platform != "win32":
            os.close(self._handle)


def _is_still(path: Path, handle: int) -> bool:
    """Whether an open file is the one of this name."""
    try:
        mine, there = os.fstat(handle), os.lstat(path)
    except FileNotFoundError:
        return False
    return (mine.st_dev, mine.st_ino) == (there.st_dev, there.st_ino)


def _try_lock(handle: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in _HELD_BY_ANOTHER
    return True
