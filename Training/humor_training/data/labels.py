"""Experts' label maps: read, and brought to BraTS labels."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from humor.errors import InputError
from humor.regions import ED, ET, ET_NEW, LABEL_NAMES, NCR
from humor.study.formats import ITK_SUFFIXES, NIFTI_SUFFIXES
from humor.study.grid import Grid
from humor.study.resampling import interpolate, place, voxel_map
from humor.study.volume import Volume

LARGEST_VALUE = 255


def read_label_volume(path: Path) -> Volume:
    """The stored label map, whose values are whole numbers (uint8).

    Unlike an image, it may have the same value everywhere: a patient without tumour.

    Raises:
        InputError: missing, unreadable, or its values are not whole numbers from 0 to 255.
    """
    if not path.is_file():
        raise InputError(f"{path} does not exist. Check the path of the label map.")
    volume = _read(path)
    values = volume.data * volume.slope + volume.inter
    whole = np.rint(values)
    finite = bool(np.isfinite(values).all())
    if not finite or np.abs(values - whole).max() > 1e-3 or whole.min() < 0 or whole.max() > LARGEST_VALUE:
        raise InputError(
            f"{path}: its values are not whole numbers from 0 to {LARGEST_VALUE}. A label map is needed, "
            "not an image or probabilities; interpolate label maps by nearest neighbours."
        )
    return Volume(whole.astype(np.uint8), 1.0, 0.0, volume.grid, path, volume.warnings)


def to_brats(labels: np.ndarray, label_values: Mapping[int, int] | None, path: Path) -> np.ndarray:
    """Stored values to BraTS labels (uint8: 0, 1, 2, 4).

    Args:
        labels: uint8, any shape.
        label_values: as ``Study.label_values``.
        path: for the message.

    Raises:
        InputError: a value is not understood.
    """
    known = set(label_values) if label_values is not None else {NCR, ED, ET_NEW, ET}
    present = set(np.flatnonzero(np.bincount(labels.ravel())).tolist())
    if unknown := sorted(present - known - {0}):
        meaning = ", ".join(f"{value} {name}" for value, name in LABEL_NAMES.items())
        raise InputError(
            f"{path}: the label values {unknown} are not understood (known: {sorted(known)}). Give a JSON "
            f"list with label_values, which says what stands for {meaning}, and 0 for what is no tumour."
        )
    if label_values is None:
        return brats_labels(labels)
    table = np.zeros(LARGEST_VALUE + 1, np.uint8)
    for value, label in label_values.items():
        table[value] = label
    return table[labels]


def brats_labels(labels: np.ndarray) -> np.ndarray:
    """Older and newer conventions to 1, 2, 4: a 3 beside a 4 is non-enhancing core (BraTS 2013),
    a 3 without any 4 is ET (BraTS 2023)."""
    labels = labels.copy()
    labels[labels == ET_NEW] = NCR if (labels == ET).any() else ET
    return labels


def labels_on(grid: Grid, path: Path, label_values: Mapping[int, int] | None) -> np.ndarray:
    """A label map in BraTS labels on another grid (uint8 ``[D, H, W]``), by nearest neighbours.

    Raises:
        InputError: as ``read_label_volume`` and ``to_brats``.
    """
    volume = read_label_volume(path)
    labels = to_brats(volume.data, label_values, path)
    voxels = voxel_map(volume.grid, grid)
    if voxels is not None:
        return np.ascontiguousarray(place(labels, voxels, grid.shape))
    values, inside = interpolate(labels, volume.grid, grid, order=0, smooth=False)
    return (values * inside).astype(np.uint8)


def _read(path: Path) -> Volume:
    supported = NIFTI_SUFFIXES + ITK_SUFFIXES
    if not path.name.lower().endswith(supported):
        raise InputError(f"{path} is not a supported label map. Supported are {', '.join(supported)}.")
    if path.name.lower().endswith(NIFTI_SUFFIXES):
        from humor.study.nifti import read_nifti

        return read_nifti(path)
    from humor.study.itk import read_itk

    return read_itk(path)
