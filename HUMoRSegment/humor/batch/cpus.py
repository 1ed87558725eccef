"""Dividing the processors of a computer between workers, so that their threads do not fight for them."""

from __future__ import annotations

import os
from itertools import pairwise

# Each library has its own way to be told how many threads to use.
_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS",
)


def usable_cpus() -> list[int]:
    """Numbers of the logical processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def shares(cpus: list[int], workers: int) -> list[list[int]]:
    """One part for each worker, as equal as can be, none empty.

    With more workers than processors some share one.
    """
    if workers >= len(cpus):
        return [[cpus[number % len(cpus)]] for number in range(workers)]
    ends = [round(len(cpus) * number / workers) for number in range(workers + 1)]
    return [cpus[begin:end] for begin, end in pairwise(ends)]


def thread_variables(count: int) -> dict[str, str]:
    """Environment for a process that shall use so many threads; what the user has set goes first."""
    return {name: str(count) for name in _THREAD_VARIABLES if name not in os.environ}


def pin(cpus: list[int]) -> None:
    """Keep this process on these processors; OpenVINO and torch then start as many threads.

    Where the system knows no such thing (macOS), or forbids it, the number of threads is all.
    """
    try:
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, cpus)
        else:
            import psutil

            psutil.Process().cpu_affinity(cpus)
    except (OSError, ValueError, AttributeError, ImportError):
        return
