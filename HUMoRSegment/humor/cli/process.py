"""Facts about this process that Python itself does not tell."""

from __future__ import annotations

import os
import time
from pathlib import Path


def seconds_since_start() -> float:
    """Seconds since the operating system started this process; 0 where that cannot be known.

    On Linux from ``/proc`` (proc(5): field 22 of ``stat``, ticks after boot), to about 10 ms.
    """
    try:
        after_name = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        ticks = int(after_name[22 - 3])
        return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK"))
    except (OSError, ValueError, IndexError, AttributeError):
        return 0.0
