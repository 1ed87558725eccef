"""Plain files only, in folders that others use too: no link is followed, no file is emptied, no name guessed.

Whoever can put a link into an output folder could otherwise have any file of the user's overwritten.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import shutil
import stat
import sys
from contextlib import suppress
from pathlib import Path

_NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_CHUNK = 1 << 18
# What file systems say that cannot do it; nothing more can be done then.
_NO_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.EBADF, errno.EROFS, errno.EACCES}
PARTIAL = ".partial"
"""How the names of files end that are being written."""
_HELD_BY_ANOTHER = {errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK}


def open_plain(path: Path, flags: int) -> int:
    """Open a plain file; never a link, a device, a pipe or a folder.

    Args:
        path: the file.
        flags: of ``os.open``; ``O_TRUNC`` has no place here.

    Raises:
        OSError: it cannot be opened; ``ELOOP`` for a link, ``EINVAL`` for what else is no plain file.
    """
    if not hasattr(os, "O_NOFOLLOW") and os.path.islink(path):  # Windows
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
    handle = os.open(path, flags | _NO_LINK, 0o666)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, "It is not a plain file", str(path))
    return handle


def read_plain(path: Path, most: int = 1 << 28) -> bytes:
    """The content of a plain file; see ``open_plain``. ``EFBIG`` where it is longer than ``most`` bytes."""
    with os.fdopen(open_plain(path, os.O_RDONLY), "rb") as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(path))
    return data


def sha256_of_plain(path: Path) -> str:
    """SHA-256 of a plain file in hexadecimal; see ``open_plain``."""
    digest = hashlib.sha256()
    with os.fdopen(open_plain(path, os.O_RDONLY), "rb", buffering=0) as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def is_plain(path: Path) -> bool:
    """Whether a plain file, and no link to one, is there."""
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return False


def is_folder(path: Path) -> bool:
    """Whether a folder, and no link to one, is there."""
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False


def fresh_name(prefix: str, suffix: str = PARTIAL) -> str:
    """A name that nobody can foresee."""
    return f"{prefix}{secrets.token_hex(6)}{suffix}"


def write_whole(path: Path, data: bytes) -> None:
    """Give a file new content: whoever reads it meanwhile, or after a power cut, finds the old or the new.

    Raises:
        OSError: it cannot be written; the old content is still there.
    """
    temporary = path.with_name(fresh_name(_partial_prefix(path.name)))
    try:
        with os.fdopen(open_plain(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def remove_partials(folder: Path, name: str = "") -> None:
    """Remove what processes that were killed in ``write_whole`` have left, while nobody writes.

    Args:
        folder: where.
        name: of the file that was written; empty for all, in a folder that holds nothing of the user's.

    Raises:
        OSError: the folder cannot be read, or one of them cannot be removed.
    """
    prefix = re.escape(_partial_prefix(name)) if name else r"\..*-"
    pattern = re.compile(f"{prefix}[0-9a-f]{{12}}{re.escape(PARTIAL)}", re.DOTALL)
    for item in list(folder.iterdir()):
        if pattern.fullmatch(item.name) and is_plain(item):
            item.unlink()


def _partial_prefix(name: str) -> str:
    return f".{name.lstrip('.')[:100]}-"


def sync_file(path: Path) -> None:
    """Wait until a file's content is on the disk."""
    # Windows wants a handle that may write.
    handle = open_plain(path, os.O_RDWR if sys.platform == "win32" else os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise
    finally:
        os.close(handle)


def sync_folder(path: Path) -> None:
    """Wait until names that came, went or changed in a folder are on the disk."""
    if sys.platform == "win32":  # it knows no such thing
        return
    with suppress(OSError):
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def remove_folder(path: Path) -> None:
    """Remove a folder of ours with all that is in it; a link of that name stays, and what it leads to."""
    if is_folder(path):
        shutil.rmtree(path, ignore_errors=True)


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
