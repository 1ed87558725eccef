"""Giving memory back to the system that an attempt which failed has left."""

from __future__ import annotations

import gc
import sys


def give_back() -> None:
    """Free what nobody refers to, and let the C library give it back (malloc_trim(3), where there is one).

    Without that glibc keeps what threads have freed, and the next, smaller attempt fails for want of it.
    """
    gc.collect()
    if sys.platform != "linux":
        return
    import ctypes

    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
