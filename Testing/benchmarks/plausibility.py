"""``python -m benchmarks.plausibility``: how often a result is called implausible, with and without a tumour.

Every subset of each study's sequences is segmented with the default model. In ``train`` every warning is a
false alarm; in ``other_lesions``, ``whole_head`` and the healthy brain (the average T1 of 152 people, given
as each sequence in turn) there is no tumour, so what is found and not warned of is missed.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.alignment import DATA, REPOSITORY
from benchmarks.healthy import write_healthy_brain
from humor.bundle.bundle import load_bundle
from humor.bundle.store import find_bundle
from humor.inference.segmentation import implausible
from humor.inference.segmenter import Segmenter
from humor.sequences import SEQUENCES, subset_name, subsets
from humor.study.case_building import build_case
from humor.study.study import load_study

HEALTHY = "healthy"
NOTABLE_ML = 1.0
"""Smaller findings are warned of for their size."""


def options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.plausibility",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, default=DATA, help="folder of folders of studies")
    parser.add_argument("--folders", nargs="+", default=["train", "other_lesions", "whole_head", HEALTHY])
    parser.add_argument("--every", type=int, default=1, help="use every Nth study")
    parser.add_argument("--model", help="default: HUMoR's default one")
    parser.add_argument("--output", type=Path, default=REPOSITORY / "bench-output")
    return parser.parse_args()


def main() -> int:
    """Measure, print and write ``plausibility.json``."""
    given = options()
    segmenter = Segmenter(load_bundle(find_bundle(given.model)), "cpu")
    rows = []
    with tempfile.TemporaryDirectory(prefix="humor-bench-") as scratch:
        for folder in given.folders:
            for study, files in studies(given, folder, Path(scratch)):
                row = {"folder": folder, "study": study, **looked_at(segmenter, files)}
                rows.append(row)
                print(json.dumps(row), file=sys.stderr, flush=True)
    given.output.mkdir(parents=True, exist_ok=True)
    path = given.output / "plausibility.json"
    path.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    print(table(rows))
    return 0


def studies(given: argparse.Namespace, folder: str, scratch: Path) -> Iterator[tuple[str, dict[str, Path]]]:
    """Names and files of what is segmented."""
    if folder == HEALTHY:
        image = write_healthy_brain(given.data / "templates" / "mni152_09a", scratch / "healthy.nii.gz")
        yield from ((HEALTHY, {name: image}) for name in SEQUENCES)
        return
    for place in sorted(path for path in (given.data / folder).iterdir() if path.is_dir())[:: given.every]:
        files = {name: place / f"{name}.nii.gz" for name in SEQUENCES}
        for subset in subsets():
            if all(files[name].exists() for name in subset):
                yield place.name, {name: files[name] for name in subset}


def looked_at(segmenter: Segmenter, files: dict[str, Path]) -> dict[str, Any]:
    """The numbers of one result, and whether there was a warning."""
    segmentation = segmenter.run(build_case(load_study(files)))
    numbers = segmentation.plausibility
    return {
        "sequences": subset_name(files),
        "whole_ml": round(segmentation.volumes_ml()["WT"], 2),
        "warned": bool(implausible(segmentation)),
        **(asdict(numbers) if numbers is not None else {}),
    }


def table(rows: list[dict[str, Any]]) -> str:
    """By folder: results, warnings, and the median, 98th percentile and maximum of each number."""
    names = ("symmetry", "share_of_brain", "outside_brain", "pieces")
    titles = " | ".join(f"{name}: 50%, 98%, most" for name in names)
    lines = [
        f"| folder | results of 1 ml or more | warned | {titles} |",
        "|---|---|---|" + "---|" * len(names),
    ]
    for folder in dict.fromkeys(row["folder"] for row in rows):
        found = [row for row in rows if row["folder"] == folder and row["whole_ml"] >= NOTABLE_ML]
        if not found:
            continue
        warned = sum(row["warned"] for row in found)
        cells = []
        for name in names:
            values = [row[name] for row in found if row[name] is not None]
            cells.append(", ".join(f"{value:.3g}" for value in np.percentile(values or [0], [50, 98, 100])))
        lines.append(
            f"| {folder} | {len(found)} | {warned} ({warned / len(found):.1%}) | {' | '.join(cells)} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
