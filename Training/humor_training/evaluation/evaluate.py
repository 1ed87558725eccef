"""Dice of a bundle on labelled studies, for every subset of their sequences, on the native grid."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from humor.inference.segmenter import Segmenter
from humor.regions import REGION_KEYS, labels_to_regions
from humor.sequences import availability, subset_name, subsets
from humor.study.case import Case
from humor.study.case_building import build_case
from humor.study.reading import read_volume
from humor.study.study import load_study

from ..data.packing import LABEL_FILE, brats_labels, labelled_studies, study_files
from .dice import region_dice


@dataclass(frozen=True)
class Score:
    """One study on one subset of its sequences.

    Attributes:
        study: the study folder's name.
        subset: as ``humor.sequences.subset_name``.
        dice: region → Dice, 0 to 1.
        present: region → whether the expert marked any of it.
        volumes_ml: region → segmented volume.
    """

    study: str
    subset: str
    dice: dict[str, float]
    present: dict[str, bool]
    volumes_ml: dict[str, float]


def only(case: Case, names: tuple[str, ...]) -> Case:
    """The case as if the patient had only the named sequences (on the same crop and grid)."""
    flags = availability(names)
    kept = np.array(flags)[:, None, None, None]
    return replace(case, image=case.image * kept, available=flags)


def evaluate(segmenter: Segmenter, folder: Path, tell: Callable[[str], None] = print) -> list[Score]:
    """Segment every labelled study below ``folder`` on all subsets of the sequences it has."""
    scores = []
    for study in labelled_studies(folder):
        files = study_files(study)
        case = build_case(load_study(files))
        truth = labels_to_regions(_native_labels(study / LABEL_FILE))
        present = dict(zip(REGION_KEYS, (bool(mask.any()) for mask in truth), strict=True))
        for names in subsets():
            if not set(names) <= set(files):
                continue
            found = segmenter.run(only(case, names))
            dice = region_dice(found.regions, truth)
            scores.append(Score(study.name, subset_name(names), dice, present, found.volumes_ml()))
        whole = scores[-1]
        tell(f"{study.name} {whole.subset}: " + ", ".join(f"{k} {v:.3f}" for k, v in whole.dice.items()))
    return scores


def mean_dice(scores: list[Score]) -> dict[str, dict[str, float | None]]:
    """Subset → region → mean Dice over the studies in which the expert marked the region."""
    table: dict[str, dict[str, float | None]] = {}
    for names in subsets():
        rows = [score for score in scores if score.subset == subset_name(names)]
        if rows:
            table[subset_name(names)] = {key: _mean(rows, key) for key in REGION_KEYS}
    return table


def write_scores(path: Path, scores: list[Score]) -> None:
    """One line per study, subset and region."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["study", "subset", "region", "dice", "in_truth", "volume_ml"])
        for score in scores:
            for key in REGION_KEYS:
                row = [score.dice[key], score.present[key], score.volumes_ml[key]]
                writer.writerow([score.study, score.subset, key, *row])


def _mean(rows: list[Score], key: str) -> float | None:
    values = [row.dice[key] for row in rows if row.present[key]]
    return round(float(np.mean(values)), 4) if values else None


def _native_labels(path: Path) -> np.ndarray:
    volume = read_volume(path)
    return brats_labels(np.rint(volume.data * volume.slope + volume.inter).astype(np.uint8))
