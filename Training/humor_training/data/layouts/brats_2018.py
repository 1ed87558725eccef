"""BraTS 2017 to 2021: ``Brats18_X_1/Brats18_X_1_t1ce.nii.gz``, with or without HGG and LGG folders."""

from __future__ import annotations

from pathlib import Path

from ..study import Found
from .endings import find_by_endings

NAME = "brats-2018"
EXAMPLE = "NAME/NAME_t1.nii.gz, _t1ce, _t2, _flair, NAME/NAME_seg.nii.gz, also below HGG/ and LGG/"
ENDINGS = {"t1": "_t1", "t1c": "_t1ce", "t2": "_t2", "flair": "_flair"}
LABEL = "_seg"


def find(folder: Path) -> Found | None:
    """Labels are 1, 2 and 4."""
    return find_by_endings(folder, NAME, ENDINGS, LABEL)
