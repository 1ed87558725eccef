"""Run a command as a fresh process and measure it from the outside."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

_TAIL = 2000


@dataclass(frozen=True)
class Measurement:
    """One run of a command.

    Attributes:
        exit_code: 0 if it succeeded.
        label_map_seconds: from its start until the label map had its final name; None if it never had.
        seconds: from its start to its end.
        cpu_seconds: of all its threads, in user and system mode.
        peak_bytes: its largest resident memory.
        errors: the end of what it wrote to stderr, if it failed.
    """

    exit_code: int
    label_map_seconds: float | None
    seconds: float
    cpu_seconds: float
    peak_bytes: int
    errors: str = ""


def measure(command: list[str], label_map: Path, threads: int, search: list[Path]) -> Measurement:
    """Run a command.

    Args:
        command: with absolute paths.
        label_map: the file that it writes.
        threads: how many processors it may use.
        search: folders that its Python looks for modules in.

    Peak memory is what ``wait4`` tells (getrusage(2)). It would include this process's own memory,
    which the new one shares until it starts its program: so nothing big may be imported here.
    """
    paths = [*map(str, search), os.environ.get("PYTHONPATH", "")]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "OMP_NUM_THREADS": str(threads),
    }
    errors_file = label_map.parent.with_suffix(".stderr")
    with open(errors_file, "w+b") as errors:
        clock, begin = time.time(), time.perf_counter()
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            preexec_fn=lambda: _keep_to(threads),
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        text = errors.read().decode(errors="replace")[-_TAIL:]
    return Measurement(
        process.returncode,
        # The inode changed last when the file was renamed or, if it was written in place, closed.
        label_map.stat().st_ctime - clock if label_map.exists() else None,
        seconds,
        usage.ru_utime + usage.ru_stime,
        usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
        text if process.returncode else "",
    )


def _keep_to(threads: int) -> None:
    """Bind this process to as many processors as it may use (OpenVINO reads this; not on macOS)."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
