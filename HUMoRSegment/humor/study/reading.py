"""Read one image file of any supported format, and refuse what cannot be segmented.

Supported: NIfTI (``.nii``, ``.nii.gz``, also with the wrong one of the two endings), NRRD
(``.nrrd``, ``.nhdr``) and MetaImage (``.mha``, ``.mhd``).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from ..errors import InputError
from .plausible import check_geometry
from .volume import Volume

NIFTI_SUFFIXES = (".nii", ".nii.gz")
ITK_SUFFIXES = (".nrrd", ".nhdr", ".mha", ".mhd")
IMAGE_SUFFIXES = NIFTI_SUFFIXES + ITK_SUFFIXES

ENCLOSED_NAN_SHARE = 0.001  # of the finite voxels; a few stray ones are tolerated, with a warning


def is_image_file(path: Path) -> bool:
    """Whether the file's name ends like a supported image."""
    return path.name.lower().endswith(IMAGE_SUFFIXES)


def read_volume(path: Path | str) -> Volume:
    """Read one 3-D image.

    Args:
        path: a NIfTI, NRRD or MetaImage file; 4-D files with a single volume are accepted.

    Returns:
        The volume with raw values. NaN, where it only marks the background, has become a finite
        constant below all other values.

    Raises:
        InputError: the file is missing, unreadable, truncated, of another format, not one 3-D
            image of real numbers, constant, without valid geometry, or has NaN/Inf in the image.
    """
    path = Path(path)
    volume = _reader(path)(path)
    check_geometry(path, volume.grid)
    return _with_finite_values(volume)


def _reader(path: Path) -> Callable[[Path], Volume]:
    if path.is_dir():
        raise InputError(f"{path} is a folder, not an image file. Give the file of one sequence.")
    if not path.is_file():
        raise InputError(f"{path} does not exist. Check the path.")
    if path.stat().st_size == 0:
        raise InputError(f"{path} is empty (0 bytes). Copy or export it again.")
    name = path.name.lower()
    if name.endswith(NIFTI_SUFFIXES):
        from .nifti import read_nifti

        return read_nifti
    if name.endswith(ITK_SUFFIXES):
        from .itk import read_itk

        return read_itk
    raise InputError(
        f"{path} is not a supported image. Supported are {', '.join(IMAGE_SUFFIXES)}; "
        "convert DICOM series first, for example with dcm2niix or 3D Slicer."
    )


def _with_finite_values(volume: Volume) -> Volume:
    low, high = volume.data.min(), volume.data.max()  # either is NaN if any voxel is
    if np.isinf(low) or np.isinf(high):
        raise InputError(f"{volume.path}: it contains infinite values. Export it again, or clip them.")
    if np.isnan(low):
        volume = _replace_nan(volume)
        low, high = volume.data.min(), volume.data.max()
    if low == high:
        raise InputError(
            f"{volume.path}: every voxel has the same value ({low}); there is no image in it. "
            "Leave this sequence out, or export it again."
        )
    return volume


def _replace_nan(volume: Volume) -> Volume:
    """NaN that surrounds the image is background; NaN inside it is damage."""
    from dataclasses import replace

    missing = np.isnan(volume.data)
    finite = ~missing
    count, total = int(missing.sum()), missing.size
    if not finite.any():
        raise InputError(f"{volume.path}: every voxel is NaN (not a number). Export it again.")
    enclosed = int((missing & _enclosed(finite)).sum())
    if enclosed > ENCLOSED_NAN_SHARE * (total - count):
        raise InputError(
            f"{volume.path}: {enclosed} voxels inside the image are NaN (not a number). "
            "Export it again, or replace them."
        )
    low, high = volume.data[finite].min(), volume.data[finite].max()
    below = low - 0.1 * (high - low or 1)
    data = np.where(missing, below.astype(volume.data.dtype), volume.data)
    warning = f"{volume.path.name}: {count} NaN voxels outside the image were taken as background."
    return replace(volume, data=data, warnings=(*volume.warnings, warning))


def _enclosed(mask: np.ndarray) -> np.ndarray:
    """Places that have a true voxel on both sides along each of the three axes."""
    inside = np.ones(mask.shape, bool)
    for axis in range(3):
        inside &= np.logical_or.accumulate(mask, axis)
        inside &= np.flip(np.logical_or.accumulate(np.flip(mask, axis), axis), axis)
    return inside
