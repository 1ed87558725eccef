"""The generated patients of ``studies`` in every layout that people have, with its own label values."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from humor.sequences import SEQUENCES
from humor_training.data.layouts.folders import LABEL_FILE, study_files

from .conftest import link

DECATHLON_ORDER = ("flair", "t1", "t1c", "t2")
DECATHLON_VALUES = {1: 2, 2: 1, 4: 3}  # BraTS label → stored value
DECATHLON_JSON = {
    "modality": {"0": "FLAIR", "1": "T1w", "2": "t1gd", "3": "T2w"},
    "labels": {"0": "background", "1": "edema", "2": "non-enhancing tumor", "3": "enhancing tumour"},
}
NNUNET_JSON = {
    "channel_names": {"0": "T1", "1": "T1ce", "2": "T2", "3": "FLAIR"},
    "labels": {
        "background": 0,
        "whole tumor": [1, 2, 3],
        "tumor core": [2, 3],
        "enhancing tumor": [3],
    },
    "regions_class_order": [1, 2, 3],
    "file_ending": ".nii.gz",
}


def brats_2018(studies: Path, folder: Path) -> None:
    """Low and high grade; the third patient has no label."""
    endings = {"t1": "t1", "t1c": "t1ce", "t2": "t2", "flair": "flair"}
    for index, (grade, name) in enumerate(
        (("HGG", "Brats18_X_7_1"), ("LGG", "Brats18_Y_8_1"), ("LGG", "Brats18_Z_9_1"))
    ):
        source = studies / f"patient{index}"
        for sequence, path in study_files(source).items():
            link(path, folder / grade / name / f"{name}_{endings[sequence]}.nii.gz")
        if index < 2:
            link(source / LABEL_FILE, folder / grade / name / f"{name}_seg.nii.gz")


def brats_2023(studies: Path, folder: Path) -> None:
    """Two time points of one patient, and another; ET is 3, and 4 a resection cavity."""
    endings = {"t1": "t1n", "t1c": "t1c", "t2": "t2w", "flair": "t2f"}
    for index, name in enumerate(("BraTS-GLI-00005-000", "BraTS-GLI-00005-001", "BraTS-GLI-00006-000")):
        source = studies / f"patient{index}"
        for sequence, path in study_files(source).items():
            link(path, folder / name / f"{name}-{endings[sequence]}.nii.gz")
        stored = change_labels(source, folder / name / f"{name}-seg.nii.gz", {1: 1, 2: 2, 4: 3})
        assert set(np.unique(stored)) == {0, 1, 2, 3}


def decathlon(studies: Path, folder: Path) -> None:
    """Four channels in one file; only patients with all sequences."""
    import nibabel

    for index in range(2):
        source = studies / f"patient{index}"
        images = [nibabel.load(study_files(source)[name]) for name in DECATHLON_ORDER]
        data = np.stack([np.asanyarray(image.dataobj) for image in images], -1)
        target = folder / "imagesTr" / f"BRATS_{index + 1:03}.nii.gz"
        target.parent.mkdir(parents=True, exist_ok=True)
        nibabel.save(nibabel.Nifti1Image(data, images[0].affine), target)
        change_labels(source, folder / "labelsTr" / target.name, DECATHLON_VALUES)
    (folder / "imagesTr" / "._BRATS_001.nii.gz").write_bytes(b"macOS")
    (folder / "dataset.json").write_text(json.dumps(DECATHLON_JSON))


def nnunet(studies: Path, folder: Path) -> None:
    """A file per channel, the third patient without T1, labels as regions."""
    for index in range(3):
        source = studies / f"patient{index}"
        for channel, name in enumerate(SEQUENCES):
            if name in study_files(source):
                link(study_files(source)[name], folder / "imagesTr" / f"tumour_{index}_{channel:04}.nii.gz")
        change_labels(source, folder / "labelsTr" / f"tumour_{index}.nii.gz", {2: 1, 1: 2, 4: 3})
    (folder / "dataset.json").write_text(json.dumps(NNUNET_JSON))


def own_names(studies: Path, folder: Path) -> None:
    """``case/visit1/scan_post.nii.gz`` and the like."""
    said = {"t1": "pre", "t1c": "post", "t2": "T2", "flair": "T2FL"}
    for index in range(3):
        source, place = studies / f"patient{index}", folder / f"case{index // 2}" / f"visit{index % 2}"
        for name, path in study_files(source).items():
            link(path, place / f"scan_{said[name]}.nii.gz")
        link(source / LABEL_FILE, place / "scan_tumour.nii.gz")


def change_labels(source: Path, target: Path, stored: dict[int, int]) -> np.ndarray:
    """Write a study's label map in other values."""
    import nibabel

    image = nibabel.load(source / LABEL_FILE)
    labels = np.asanyarray(image.dataobj)
    result = np.zeros(labels.shape, np.uint8)
    for label, value in stored.items():
        result[labels == label] = value
    target.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(nibabel.Nifti1Image(result, image.affine), target)
    return result


LAYOUTS: dict[str, Callable[[Path, Path], None]] = {
    "brats-2018": brats_2018,
    "brats-2023": brats_2023,
    "decathlon": decathlon,
    "nnunet": nnunet,
}
