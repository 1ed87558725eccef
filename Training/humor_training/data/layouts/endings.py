"""What BraTS's layouts share: a folder per study, whose name begins the name of each of its files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from humor.sequences import SEQUENCES
from humor.study.formats import NIFTI_SUFFIXES

from ..patients import patient_of
from ..study import Found, SequenceFile, Study

DEEPEST = ("*", "*/*")  # HGG/STUDY and LGG/STUDY are one level deeper


def find_by_endings(
    folder: Path,
    layout: str,
    endings: Mapping[str, str],
    label: str,
    label_values: Mapping[int, int] | None = None,
) -> Found | None:
    """Studies ``NAME/NAME<ending>.nii.gz`` (or ``.nii``).

    Args:
        folder: where to look.
        layout: its name.
        endings: sequence → what follows the study's name.
        label: the same for the label map.
        label_values: as ``Study.label_values``.
    """
    studies, unlabelled = [], []
    for pattern in DEEPEST:
        for place in sorted(path for path in folder.glob(pattern) if path.is_dir()):
            found = {name: path for name in SEQUENCES if (path := _file(place, endings[name]))}
            label_file = _file(place, label)
            if label_file:
                files = {name: SequenceFile(path) for name, path in found.items()}
                studies.append(Study(place.name, patient_of(place.name), files, label_file, label_values))
            elif found:
                unlabelled.append(place.name)
    if not studies and not unlabelled:
        return None
    return Found(layout, tuple(sorted(studies, key=lambda study: study.name)), tuple(unlabelled))


def _file(folder: Path, ending: str) -> Path | None:
    named = (folder / f"{folder.name}{ending}{suffix}" for suffix in NIFTI_SUFFIXES)
    return next((path for path in named if path.is_file()), None)
