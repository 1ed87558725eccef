"""Folders of studies: our own layout, and those of BraTS."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from humor.errors import InputError
from humor.regions import ED, ET, NCR
from humor.sequences import SEQUENCES
from humor.study.formats import NIFTI_SUFFIXES

from ..labelled_study import FoundStudies, LabelledStudy, Layout, SequenceFile, patient_of

LABEL = "label"
LABEL_FILE = "seg.nii.gz"


def study_files(folder: Path) -> dict[str, Path]:
    """Sequence → file of a study folder that names them ``t1.nii.gz`` and so on."""
    found = {name: folder / f"{name}.nii.gz" for name in SEQUENCES}
    return {name: path for name, path in found.items() if path.exists()}


def study_in(folder: Path) -> LabelledStudy:
    """The study of one folder that holds a label map."""
    files = {name: SequenceFile(path) for name, path in study_files(folder).items()}
    return LabelledStudy(folder.name, patient_of(folder.name), files, folder / LABEL_FILE)


def _find_plain(folder: Path) -> FoundStudies | None:
    """Folders with a label map, also those without any sequence, so that checks can name them."""
    folders = sorted(path for path in folder.iterdir() if path.is_dir())
    labelled = [path for path in folders if (path / LABEL_FILE).exists()]
    bare = [path.name for path in folders if path not in labelled and study_files(path)]
    if not labelled and not bare:
        return None
    return FoundStudies(PLAIN.name, tuple(study_in(path) for path in labelled), tuple(bare))


PLAIN = Layout(
    "plain",
    "PATIENT/t1.nii.gz, t1c, t2, flair (any may be missing), PATIENT/seg.nii.gz",
    _find_plain,
)


BRATS_2018_ENDINGS = {"t1": "_t1", "t1c": "_t1ce", "t2": "_t2", "flair": "_flair", LABEL: "_seg"}
"""``Brats18_X_1/Brats18_X_1_t1ce.nii.gz``, 2017 to 2021; labels are 1, 2 and 4."""
BRATS_2023_ENDINGS = {"t1": "-t1n", "t1c": "-t1c", "t2": "-t2w", "flair": "-t2f", LABEL: "-seg"}
"""``BraTS-GLI-00000-000/BraTS-GLI-00000-000-t1c.nii.gz``, 2023 and 2024."""
DEEPEST = ("*", "*/*")  # HGG/STUDY and LGG/STUDY are one level deeper


def find_by_endings(
    folder: Path,
    layout: str,
    endings: Mapping[str, str],
    label_values: Mapping[int, int] | None = None,
) -> FoundStudies | None:
    """Studies ``NAME/NAME<ending>.nii.gz`` (or ``.nii``).

    Args:
        folder: where to look.
        layout: its name.
        endings: sequence, or ``label``, → what follows the study's name.
        label_values: as ``LabelledStudy.label_values``.
    """
    studies, unlabelled = [], []
    for pattern in DEEPEST:
        for place in sorted(path for path in folder.glob(pattern) if path.is_dir()):
            found = {name: path for name in SEQUENCES if (path := _file(place, endings[name]))}
            label_file = _file(place, endings[LABEL])
            if label_file:
                files = {name: SequenceFile(path) for name, path in found.items()}
                studies.append(
                    LabelledStudy(place.name, patient_of(place.name), files, label_file, label_values)
                )
            elif found:
                unlabelled.append(place.name)
    if not studies and not unlabelled:
        return None
    return FoundStudies(layout, tuple(sorted(studies, key=lambda study: study.name)), tuple(unlabelled))


def _file(folder: Path, ending: str) -> Path | None:
    named = (folder / f"{folder.name}{ending}{suffix}" for suffix in NIFTI_SUFFIXES)
    return next((path for path in named if path.is_file()), None)


def _find_brats_2018(folder: Path) -> FoundStudies | None:
    return find_by_endings(folder, BRATS_2018.name, BRATS_2018_ENDINGS)


BRATS_2023_VALUES = {1: NCR, 2: ED, 3: ET, 4: 0}
"""4 is the resection cavity of BraTS 2024 (de Verdier et al. 2024, arXiv:2405.18368): no tumour. Without this
list it would be taken for the ET of older releases."""

PAEDIATRIC = "BraTS-PED"


def _find_brats_2023(folder: Path) -> FoundStudies | None:
    """Studies of the glioma, Africa, metastasis and meningioma tasks.

    Raises:
        InputError: paediatric studies, whose label values differ between releases.
    """
    found = find_by_endings(folder, BRATS_2023.name, BRATS_2023_ENDINGS, BRATS_2023_VALUES)
    if found and any(study.name.startswith(PAEDIATRIC) for study in found.studies):
        raise InputError(
            f"{folder}: the label values of {PAEDIATRIC} differ between releases (since 2024: 1 enhancing, "
            "2 non-enhancing, 3 cyst, 4 oedema). Give a JSON file that says them: "
            f'{{"root": "{folder.name}", "pattern": "{{patient}}/{{patient}}-{{sequence}}.nii.gz", "names": '
            '{"t1": "t1n", "t2": "t2w", "flair": "t2f"}, "label_values": {"1": 4, "2": 1, "3": 1, "4": 2}}.'
        )
    return found


BRATS_2018 = Layout(
    "brats-2018",
    "NAME/NAME_t1.nii.gz, _t1ce, _t2, _flair, NAME/NAME_seg.nii.gz, also below HGG/ and LGG/",
    _find_brats_2018,
)
BRATS_2023 = Layout(
    "brats-2023",
    "NAME/NAME-t1n.nii.gz, -t1c, -t2w, -t2f, NAME/NAME-seg.nii.gz",
    _find_brats_2023,
)
