"""Studies with expert labels, packed brain-cropped as the engine itself would see them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from humor.errors import InputError
from humor.regions import ET, ET_NEW, NCR
from humor.sequences import SEQUENCES, availability
from humor.study.case import Case
from humor.study.case_building import build_case
from humor.study.reading import read_volume
from humor.study.resampling import interpolate, place, voxel_map
from humor.study.study import load_study

LABEL_FILE = "seg.nii.gz"


@dataclass(frozen=True)
class LabelledCase:
    """A case and its truth on the same grid.

    Attributes:
        name: the study folder's name.
        image: float16 ``[4, D, H, W]``, as ``humor.study.case.Case.image``.
        available: four flags in sequence order.
        labels: uint8 BraTS labels ``[D, H, W]`` (1 NCR, 2 ED, 4 ET).
    """

    name: str
    image: np.ndarray
    available: np.ndarray
    labels: np.ndarray


def study_files(folder: Path) -> dict[str, Path]:
    """Sequence → file of a study folder that names them ``t1.nii.gz`` and so on."""
    found = {name: folder / f"{name}.nii.gz" for name in SEQUENCES}
    return {name: path for name, path in found.items() if path.exists()}


def labelled_studies(folder: Path) -> list[Path]:
    """The study folders below ``folder`` that hold a label map, sorted by name.

    Raises:
        InputError: there is none.
    """
    studies = sorted(path.parent for path in folder.glob(f"*/{LABEL_FILE}"))
    if not studies:
        raise InputError(f"{folder}: no study with a {LABEL_FILE} in it. Give a folder of study folders.")
    return studies


def read_labels(path: Path, case: Case) -> np.ndarray:
    """The expert's label map on the grid of ``case``, in BraTS labels (uint8 ``[D, H, W]``)."""
    volume = read_volume(path)
    labels = np.rint(volume.data * volume.slope + volume.inter).astype(np.uint8)
    voxels = voxel_map(volume.grid, case.grid)
    if voxels is not None:
        labels = np.ascontiguousarray(place(labels, voxels, case.grid.shape))
    else:
        values, inside = interpolate(labels, volume.grid, case.grid, order=0, smooth=False)
        labels = (values * inside).astype(np.uint8)
    return brats_labels(labels)


def brats_labels(labels: np.ndarray) -> np.ndarray:
    """Older and newer conventions to 1, 2, 4: a 3 beside a 4 is non-enhancing core (BraTS 2013),
    a 3 without any 4 is ET (BraTS 2023 and later)."""
    labels = labels.copy()
    labels[labels == ET_NEW] = NCR if (labels == ET).any() else ET
    return labels


def load_labelled(folder: Path) -> LabelledCase:
    """Read, normalise and crop one study with its labels."""
    files = study_files(folder)
    case = build_case(load_study(files))
    labels = read_labels(folder / LABEL_FILE, case)
    return LabelledCase(folder.name, case.image.astype(np.float16), np.array(availability(files)), labels)


def load_packed(folder: Path, cache: Path) -> list[LabelledCase]:
    """All labelled studies below ``folder``; each is packed into ``cache`` once."""
    cache.mkdir(parents=True, exist_ok=True)
    return [_cached(study, cache / f"{study.name}.npz") for study in labelled_studies(folder)]


def _cached(study: Path, file: Path) -> LabelledCase:
    if not file.exists():
        case = load_labelled(study)
        partial = file.with_suffix(".partial.npz")
        np.savez(partial, image=case.image, available=case.available, labels=case.labels)
        partial.replace(file)
        return case
    with np.load(file, allow_pickle=False) as packed:
        return LabelledCase(study.name, packed["image"], packed["available"], packed["labels"])
