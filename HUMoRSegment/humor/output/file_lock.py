"""A lock on an open file that the operating system lets go of when the process ends, however it ends."""

from __future__ import annotations

import errno
import sys
from typing import IO

_HELD_BY_ANOTHER = {errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK}


def try_lock(handle: IO[bytes]) -> bool:
    """Lock an open file without waiting; it stays locked until it is closed.

    Returns:
        False if another process holds the lock. True if this one now does, or if the file system
        knows no locks (some network drives): then nothing can be said about others.
    """
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in _HELD_BY_ANOTHER
    return True
