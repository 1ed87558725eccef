"""Medical Segmentation Decathlon, Task01_BrainTumour: 4-D files whose order ``dataset.json`` tells."""

from __future__ import annotations

from pathlib import Path

from humor.sequences import SEQUENCES
from humor.study.file_names import read_name, stem

from ..patients import patient_of
from ..study import Found, SequenceFile, Study
from .dataset_json import DATASET, IMAGES, LABELS, read_dataset

NAME = "decathlon"
EXAMPLE = f"{IMAGES}/CASE.nii.gz with four channels, {LABELS}/CASE.nii.gz, {DATASET}"


def find(folder: Path) -> Found | None:
    """Every channel of a file is a sequence (Antonelli et al. 2022, Nat Commun 13:4128)."""
    if not (folder / DATASET).is_file() or not (folder / IMAGES).is_dir():
        return None
    images = sorted(
        path for path in (folder / IMAGES).glob("*.nii*") if not path.name.startswith(".")
    )  # the published archive has "._" files of macOS
    if not images or any(read_name(path.name).kind == "channel" for path in images):
        return None
    dataset = read_dataset(folder)
    channels = {sequence: channel for channel, sequence in dataset.channels.items()}
    studies, unlabelled = [], []
    for image in images:
        name, label = stem(image.name), folder / LABELS / image.name
        if label.is_file():
            files = {key: SequenceFile(image, channels[key]) for key in SEQUENCES if key in channels}
            studies.append(Study(name, patient_of(name), files, label, dataset.label_values))
        else:
            unlabelled.append(name)
    return Found(NAME, tuple(studies), tuple(unlabelled))
