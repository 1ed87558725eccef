"""nnU-Net's raw layout: one numbered file per channel (Isensee et al. 2021, Nat Methods 18:203)."""

from __future__ import annotations

import re
from pathlib import Path

from humor.sequences import SEQUENCES

from ..patients import patient_of
from ..study import Found, SequenceFile, Study
from .dataset_json import DATASET, IMAGES, LABELS, read_dataset

NAME = "nnunet"
EXAMPLE = f"{IMAGES}/CASE_0000.nii.gz, CASE_0001, ..., {LABELS}/CASE.nii.gz, {DATASET}"
_NUMBERED = re.compile(r"(?P<case>.+)_(?P<channel>\d{4})(?P<ending>\.[a-z.]+)")


def find(folder: Path) -> Found | None:
    """Cases of the training part; channels that a case lacks are missing sequences."""
    if not (folder / DATASET).is_file() or not (folder / IMAGES).is_dir():
        return None
    numbered = [match for path in (folder / IMAGES).iterdir() if (match := _NUMBERED.fullmatch(path.name))]
    if not numbered:
        return None
    dataset = read_dataset(folder)
    files: dict[str, dict[str, SequenceFile]] = {}
    for match in numbered:
        sequence = dataset.channels.get(int(match["channel"]))
        if sequence and match["ending"] == dataset.ending and not match["case"].startswith("."):
            of_case = files.setdefault(match["case"], {})
            of_case[sequence] = SequenceFile(folder / IMAGES / match.string)
    studies, unlabelled = [], []
    for case, found in sorted(files.items()):
        label = folder / LABELS / f"{case}{dataset.ending}"
        if label.is_file():
            ordered = {key: found[key] for key in SEQUENCES if key in found}
            studies.append(Study(case, patient_of(case), ordered, label, dataset.label_values))
        else:
            unlabelled.append(case)
    return Found(NAME, tuple(studies), tuple(unlabelled))
