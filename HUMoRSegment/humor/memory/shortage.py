"""Telling that memory ran out, whichever library found no room, and saying so to the user."""

from __future__ import annotations

import errno
import re

from ..errors import MemoryShortage
from .available import main_memory

# As numpy, torch (CPU, CUDA, MPS, cuBLAS, cuDNN), OpenVINO, ITK, the dynamic linker and threads put it.
_WORDS = re.compile(
    r"out of memory|not enough memory|bad_alloc|bad allocation|alloc_failed"
    r"|(can't|cannot|could not|couldn't|unable to|failed to) (re)?alloc"
    r"|failed to map segment|can't start new thread|resource temporarily unavailable",
    re.IGNORECASE,
)
NEEDED_GB = 0.7
"""For a study of 240×240×155 voxels with the student; 0.62 were measured."""
_NEEDS = (
    f"A study of 240×240×155 voxels needs about {NEEDED_GB:g} GB with the student, one of 512×512×300 about "
    "1.3 GB; the teacher needs 2.5 GB more."
)
_REMEDY = "Close other programs or raise the limit, crop or resample the images, or use another machine."


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
    return f"{what}; {main_memory()} are free. {_NEEDS} {_REMEDY}"
