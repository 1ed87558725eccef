"""Telling that memory ran out, whichever library found no room; saying so; giving back what is left."""

from __future__ import annotations

import errno
import gc
import re
import sys

from ..errors import MemoryShortage
from .available import GB, PROCESS, main_memory

# As numpy, torch (CPU, CUDA, MPS, cuBLAS, cuDNN), OpenVINO, ITK, the dynamic linker and threads put it.
# OpenVINO's promise is broken where one of its threads found no room.
_WORDS = re.compile(
    r"out of memory|not enough memory|bad_alloc|bad allocation|alloc_failed"
    r"|(can't|cannot|could not|couldn't|unable to|failed to) (re)?alloc"
    r"|failed to map segment|cannot apply additional memory protection|can't start new thread"
    r"|resource temporarily unavailable|broken promise",
    re.IGNORECASE,
)
NEEDED_GB = 0.8
"""For a study of 240×240×155 voxels with the student, as measured."""
_LEAST = {PROCESS: 1.2 * GB}  # address space holds the libraries, and threads reserve much of it
_LEAST_OTHERWISE = 0.25 * GB
_NEEDS = (
    f"A study of 240×240×155 voxels needs about {NEEDED_GB:g} GB with the student, one of 512×512×300 about "
    "1.3 GB; the teacher needs 2.5 GB more."
)
_MORE_ADDRESSES = " Under a limit of address space each needs 1 GB more."
_REMEDY = (
    "Close other programs, use fewer workers (--workers), raise the limit, crop or resample the images, or "
    "use another machine."
)


def is_memory_failure(error: BaseException | None) -> bool:
    """Whether an error, or one that led to it, says that memory ran out, on any device."""
    while error is not None:
        if isinstance(error, MemoryError):
            return True
        if isinstance(error, OSError) and error.errno is not None:
            if error.errno == errno.ENOMEM:
                return True
        elif isinstance(error, RuntimeError | OSError | ImportError) and _WORDS.search(str(error)):
            return True
        error = error.__cause__
    return False


def require_memory() -> None:
    """Stop before anything is begun that would fail whatever is given up, or hang in a library.

    OpenBLAS waits for ever, or ends the process, where there is no room for its buffers.

    Raises:
        MemoryShortage: there is less than the smallest study takes.
    """
    memory = main_memory()
    if memory.free < (least := _LEAST.get(memory.limit, _LEAST_OTHERWISE)):
        raise MemoryShortage(shortage_sentences(f"The smallest study needs {least / GB:g} GB of memory"))


def memory_shortage(error: BaseException) -> MemoryShortage | None:
    """What a user is told where nothing smaller can be tried; None if memory is not what ran out.

    Args:
        error: what a library said; numpy and torch name the bytes that they wanted.
    """
    if not is_memory_failure(error):
        return None
    said = next(iter(str(error).strip().splitlines()), "") or type(error).__name__
    return MemoryShortage(shortage_sentences(f"Memory ran out ({said[:200]})"))


def shortage_sentences(what: str) -> str:
    """What happened, what there is, what is needed, and what to do."""
    memory = main_memory()
    needs = _NEEDS + (_MORE_ADDRESSES if memory.limit == PROCESS else "")
    return f"{what}; {memory} are free. {needs} {_REMEDY}"


def release_memory() -> None:
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
