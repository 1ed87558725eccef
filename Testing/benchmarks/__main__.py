"""``python -m benchmarks``: measure all methods, or some, on one case."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.large_case import enlarge
from benchmarks.machine import machine_facts
from benchmarks.measure import Measurement, measure
from benchmarks.methods import METHODS, Method
from benchmarks.small_case import WINDOW, cut_out
from benchmarks.table import markdown
from humor.study.roles import guess_roles

REPOSITORY = Path(__file__).resolve().parents[2]
SAMPLE = REPOSITORY / "HUMoRSegment" / "Resources" / "Sample"
SEARCH = [REPOSITORY / "HUMoRSegment", REPOSITORY / "Testing"]


def options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--case", type=Path, default=SAMPLE, help="folder of a study with four sequences")
    parser.add_argument(
        "--methods",
        nargs="+",
        choices=METHODS,
        default=list(METHODS),
        metavar="METHOD",
        help=f"some of {', '.join(METHODS)}",
    )
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="processors to use")
    parser.add_argument("--repeat", type=int, default=3, help="runs of each method; medians are shown")
    parser.add_argument("--model", help="HUMoR's model; default: its default one")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="a small cut-out, to try the benchmark itself")
    size.add_argument("--large", action="store_true", help="the case in 512×512×300 voxels of 0.5 mm")
    parser.add_argument("--add", action="store_true", help="keep the methods measured before on this case")
    parser.add_argument("--output", type=Path, default=REPOSITORY / "bench-output")
    return parser.parse_args()


def main() -> int:
    """Measure and write ``benchmark.json`` and ``benchmark.md``."""
    given = options()
    machine = machine_facts(given.threads)
    files = guess_roles(given.case).files
    with tempfile.TemporaryDirectory(prefix="humor-bench-") as scratch:
        if given.quick:
            files = cut_out(files, Path(scratch) / "case")
        elif given.large:
            files = enlarge(files, Path(scratch) / "case")
        case = {
            "name": given.case.resolve().name,
            "shape": shape_of(files),
            "window": WINDOW if given.quick else 128,
        }
        rows = earlier_rows(given.output, case, given.threads) if given.add else {}
        for name in given.methods:
            rows[name] = run(METHODS[name], files, Path(scratch), case["window"], given)
            write(given.output, machine, case, rows)
    print((given.output / "benchmark.md").read_text(encoding="utf-8"))
    return 1 if any(row["exit_code"] for row in rows.values()) else 0


def run(
    method: Method, files: Mapping[str, Path], scratch: Path, window: int, given: argparse.Namespace
) -> dict[str, Any]:
    """Measure one method ``given.repeat`` times and take medians."""
    print(f"{method.title} …", file=sys.stderr, flush=True)
    runs: list[Measurement] = []
    for number in range(given.repeat):
        command, label_map = method.command(files, scratch / f"{method.name}-{number}", window, given.model)
        runs.append(measure(command, label_map, given.threads, SEARCH))
        if runs[-1].exit_code:
            print(runs[-1].errors, file=sys.stderr)
            break
    last = asdict(runs[-1])
    for key in ("label_map_seconds", "seconds", "cpu_seconds", "peak_bytes"):
        if last[key] is not None:
            last[key] = statistics.median(getattr(each, key) for each in runs)
    return {"method": method.name, "title": method.title, **last, "runs": [asdict(each) for each in runs]}


def shape_of(files: Mapping[str, Path]) -> list[int]:
    """Voxels along the axes of the first file."""
    import nibabel

    return [int(length) for length in nibabel.load(next(iter(files.values()))).shape]


def earlier_rows(output: Path, case: dict[str, Any], threads: int) -> dict[str, dict[str, Any]]:
    """Rows that were measured before, if on this case and with as many threads."""
    try:
        earlier = json.loads((output / "benchmark.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if earlier["case"] != case or earlier["machine"]["threads"] != threads:
        return {}
    return {row["method"]: row for row in earlier["rows"]}


def write(
    output: Path, machine: dict[str, Any], case: dict[str, Any], rows: dict[str, dict[str, Any]]
) -> None:
    """Write both files; called after every method, so that a stopped benchmark keeps what it has."""
    ordered = [rows[name] for name in METHODS if name in rows]
    facts = {"machine": machine, "case": case, "rows": ordered}
    output.mkdir(parents=True, exist_ok=True)
    (output / "benchmark.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    (output / "benchmark.md").write_text(markdown(machine, case, ordered), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
