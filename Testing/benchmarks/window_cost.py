"""``python -m benchmarks.window_cost``: what windows instead of the whole brain cost, in Dice and in memory.

Each run is ``humor segment`` as a process of its own, as ``measure`` measures it.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from benchmarks.measure import Measurement, measure
from humor.sequences import SEQUENCES

REPOSITORY = Path(__file__).resolve().parents[2]
REGIONS = {"WT": (1, 2, 3, 4), "TC": (1, 3, 4), "ET": (4,)}
WINDOWS = ("whole", "128", "96")


def main() -> int:
    """Measure every case in every window and print means, and each case's Dice of the tumour core."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.window_cost", description=__doc__)
    parser.add_argument("cases", nargs="+", type=Path, help="folders with four sequences and seg.nii.gz")
    parser.add_argument("--windows", nargs="+", default=list(WINDOWS), metavar="whole|N")
    parser.add_argument("--model", help="HUMoR's model; default: its default one")
    given = parser.parse_args()
    print(f"| window | {' | '.join(REGIONS)} | CPU, s | peak memory, GB | TC of each |")
    print("|---|" + "---:|" * (len(REGIONS) + 3))
    for window in given.windows:
        rows = [_run(case, window, given.model) for case in given.cases]
        scores = {key: [found[key] for _, found in rows] for key in REGIONS}
        means = " | ".join(f"{sum(scores[key]) / len(rows):.3f}" for key in REGIONS)
        seconds = sum(measured.cpu_seconds for measured, _ in rows) / len(rows)
        peak = max(measured.peak_bytes for measured, _ in rows) / 1e9
        each = " ".join(f"{score:.3f}" for score in scores["TC"])
        print(f"| {window} | {means} | {seconds:.1f} | {peak:.2f} | {each} |", flush=True)
    return 0


def _run(case: Path, window: str, model: str | None) -> tuple[Measurement, dict[str, float]]:
    """One run, and its Dice against the experts' labels."""
    chosen = ["--model", model] if model else []
    with tempfile.TemporaryDirectory(prefix="humor-bench-") as scratch:
        output = Path(scratch) / "out"
        command = [sys.executable, "-m", "humor", "segment", "-o", str(output), "--window", window]
        for name in SEQUENCES:
            command += [f"--{name}", str(case / f"{name}.nii.gz")]
        command += ["--no-report", "--no-segments", "--no-routing", "--device", "cpu", "--quiet", *chosen]
        label_map = output / "segmentation.nii.gz"
        measured = measure(command, label_map, len(os.sched_getaffinity(0)), [REPOSITORY / "HUMoRSegment"])
        if measured.exit_code:
            raise SystemExit(f"{case}: {measured.errors}")
        return measured, _dice(label_map, case / "seg.nii.gz")


def _dice(found: Path, truth: Path) -> dict[str, float]:
    # Imported late: this process must stay small, see ``measure``.
    import nibabel
    import numpy as np

    from humor.influence import dice

    labels = [np.asarray(nibabel.load(path).dataobj) for path in (found, truth)]
    return {key: dice(*(np.isin(each, values) for each in labels)) for key, values in REGIONS.items()}


if __name__ == "__main__":
    sys.exit(main())
