"""``python -m benchmarks.alignment``: how many misplaced sequences the check on every run notices.

Each study is changed in each way once, one sequence of it, and built into a case as a run does it. The
directions, axes, sequences and other patients are drawn from a fixed seed.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from benchmarks.misplacing import IN_PLACE, MISPLACED
from humor.sequences import SEQUENCES
from humor.study import case_building
from humor.study.case_building import build_case
from humor.study.study import Study, load_study
from humor.study.volume import Volume

REPOSITORY = Path(__file__).resolve().parents[2]
DATA = REPOSITORY.parent / "shared" / "data"


def options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.alignment", description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="folder of folders of studies")
    parser.add_argument("--folder", default="train", help="which of them")
    parser.add_argument("--sequences", type=int, default=4, help="how many of each study to use")
    parser.add_argument("--kinds", nargs="+", default=[*IN_PLACE, *MISPLACED])
    parser.add_argument("--every", type=int, default=1, help="use every Nth study")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, default=REPOSITORY / "bench-output")
    return parser.parse_args()


def main() -> int:
    """Measure, print and write ``alignment-FOLDER-SEQUENCES.json``."""
    given = options()
    rows = []
    for row in measured(given):
        rows.append(row)
        print(json.dumps(row), file=sys.stderr, flush=True)
    given.output.mkdir(parents=True, exist_ok=True)
    path = given.output / f"alignment-{given.folder}-{given.sequences}.json"
    path.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    print(table(rows))
    return 0


def measured(given: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """One row for each study and kind."""
    folders = sorted(path for path in (given.data / given.folder).iterdir() if path.is_dir())[:: given.every]
    for number, folder in enumerate(folders):
        volumes = read(folder)
        for kind in given.kinds:
            # One generator for each, so that fewer kinds or sequences do not change what is drawn for others.
            kinds = [*IN_PLACE, *MISPLACED]
            rng = np.random.default_rng([given.seed, number, kinds.index(kind)])
            chosen = sorted(rng.permutation(list(volumes))[: given.sequences], key=SEQUENCES.index)
            changed = str(rng.choice(chosen))
            other = volumes[changed]
            if kind == "foreign":
                others = [
                    each for each in folders if each != folder and (each / f"{changed}.nii.gz").exists()
                ]
                if not others:
                    continue
                other = read(others[rng.integers(len(others))], (changed,))[changed]
            study = {name: volumes[name] for name in chosen}
            study[changed] = {**IN_PLACE, **MISPLACED}[kind](study[changed], other, rng)
            yield {"study": folder.name, "kind": kind, "changed": changed, **looked_at(study)}


def read(folder: Path, names: tuple[str, ...] = SEQUENCES) -> dict[str, Volume]:
    """Some sequences of a study."""
    files = {name: folder / f"{name}.nii.gz" for name in names}
    return load_study({name: path for name, path in files.items() if path.exists()}).volumes


def looked_at(volumes: dict[str, Volume]) -> dict[str, Any]:
    """What the check found while a case was built, and how long it took."""
    spent: list[float] = []
    check = case_building.find_misplaced

    def timed(*arguments: Any) -> Any:
        begin = time.process_time()
        found = check(*arguments)
        spent.append(time.process_time() - begin)
        return found

    with mock.patch.object(case_building, "find_misplaced", timed):
        case = build_case(Study(volumes))
    found = [vars(each) for each in case.misplaced]
    return {"sequences": list(volumes), "found": found, "cpu_seconds": round(spent[0], 3)}


def table(rows: list[dict[str, Any]]) -> str:
    """Rates by kind, as Markdown."""
    lines = [
        "| kind | studies | noticed | the changed one named, alone | CPU seconds (median, most) |",
        "|---|---|---|---|---|",
    ]
    for kind in dict.fromkeys(row["kind"] for row in rows):
        of_kind = [row for row in rows if row["kind"] == kind]
        noticed = sum(bool(row["found"]) for row in of_kind)
        named = sum([each["sequence"] for each in row["found"]] == [row["changed"]] for row in of_kind)
        seconds = [row["cpu_seconds"] for row in of_kind]
        lines.append(
            f"| {kind} | {len(of_kind)} | {noticed} ({noticed / len(of_kind):.1%}) | {named} "
            f"| {np.median(seconds):.2f}, {max(seconds):.2f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
