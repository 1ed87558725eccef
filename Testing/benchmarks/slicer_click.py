"""``python -m benchmarks.slicer_click``: from the click on *Segment* to the result in the scene.

Beside the command line on the same case with the same choices, and the largest memory of Slicer's
side. The scene is Slicer's own (slicer-core); the window is not there, so its drawing is not measured.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
SAMPLE = REPOSITORY / "HUMoRSegment" / "Resources" / "Sample"


def main() -> int:
    """Measure both in turn and print medians."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.slicer_click", description=__doc__)
    parser.add_argument("--case", type=Path, default=SAMPLE, help="folder of a study")
    parser.add_argument("--repeat", type=int, default=5)
    given = parser.parse_args()
    sys.path[:0] = [str(REPOSITORY / place) for place in ("HUMoRSegment", "Testing/slicer")]
    from emulation import mrml

    slicer = mrml.start()
    from humor.study.roles import guess_roles
    from HUMoRSegmentLib.logic import HUMoRSegmentLogic

    files = guess_roles(given.case).files
    volumes = {name: slicer.util.loadVolume(str(path)) for name, path in files.items()}
    logic = HUMoRSegmentLogic()
    before = _resident()
    clicks, commands, result = [], [], None
    for _ in range(given.repeat):
        commands.append(_command_line(files))
        begin = time.perf_counter()
        result = logic.segment(volumes, target=None if result is None else result.segmentation)
        clicks.append(time.perf_counter() - begin)
    click, command = statistics.median(clicks), statistics.median(commands)
    print(f"command line: {command:.2f} s   click to result: {click:.2f} s   ({click / command - 1:+.0%})")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(
        f"memory of Slicer's side: {before / 1e6:.0f} MB with the volumes loaded, at most {peak / 1e6:.0f} MB"
    )
    return 0


def _command_line(files: dict[str, Path]) -> float:
    """Seconds of ``humor segment`` with what the window asks for."""
    with tempfile.TemporaryDirectory(prefix="humor-bench-") as scratch:
        named = [word for name, path in files.items() for word in (f"--{name}", str(path))]
        command = [sys.executable, "-m", "humor", "segment", *named, "--output", scratch]
        command += ["--no-report", "--probabilities", "--quiet"]
        begin = time.perf_counter()
        path = {"PYTHONPATH": str(REPOSITORY / "HUMoRSegment")}
        subprocess.run(command, check=True, env={**os.environ, **path})
        return time.perf_counter() - begin


def _resident() -> int:
    """Resident bytes of this process now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    sys.exit(main())
