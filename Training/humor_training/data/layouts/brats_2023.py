"""BraTS 2023 and 2024: ``BraTS-GLI-00000-000/BraTS-GLI-00000-000-t1c.nii.gz``."""

from __future__ import annotations

from pathlib import Path

from humor.errors import InputError
from humor.regions import ED, ET, NCR

from ..study import Found
from .endings import find_by_endings

NAME = "brats-2023"
EXAMPLE = "NAME/NAME-t1n.nii.gz, -t1c, -t2w, -t2f, NAME/NAME-seg.nii.gz"
ENDINGS = {"t1": "-t1n", "t1c": "-t1c", "t2": "-t2w", "flair": "-t2f"}
LABEL = "-seg"

LABEL_VALUES = {1: NCR, 2: ED, 3: ET, 4: 0}
"""4 is the resection cavity of BraTS 2024 (de Verdier et al. 2024, arXiv:2405.18368): no tumour. Without this
list it would be taken for the ET of older releases."""

PAEDIATRIC = "BraTS-PED"


def find(folder: Path) -> Found | None:
    """Studies of the glioma, Africa, metastasis and meningioma tasks.

    Raises:
        InputError: paediatric studies, whose label values differ between releases.
    """
    found = find_by_endings(folder, NAME, ENDINGS, LABEL, LABEL_VALUES)
    if found and any(study.name.startswith(PAEDIATRIC) for study in found.studies):
        raise InputError(
            f"{folder}: the label values of {PAEDIATRIC} differ between releases (since 2024: 1 enhancing, "
            "2 non-enhancing, 3 cyst, 4 oedema). Give a JSON file that says them: "
            f'{{"root": "{folder.name}", "pattern": "{{patient}}/{{patient}}-{{sequence}}.nii.gz", "names": '
            '{"t1": "t1n", "t2": "t2w", "flair": "t2f"}, "label_values": {"1": 4, "2": 1, "3": 1, "4": 2}}.'
        )
    return found
