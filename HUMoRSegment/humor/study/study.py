"""A study: a patient's sequences at one time point, each on its own grid; and how their files are read.

Supported: NIfTI (``.nii``, ``.nii.gz``, also with the wrong one of the two endings, and pairs of
``.hdr`` and ``.img``), NRRD (``.nrrd``, ``.nhdr``), MetaImage (``.mha``, ``.mhd``) and FreeSurfer's
``.mgz`` and ``.mgh``. What cannot be segmented is refused.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import combinations
from pathlib import Path

import numpy as np

from ..errors import InputError, UsageError
from ..sequences import DISPLAY_NAMES, SEQUENCES
from ..user_input import absence
from ..warnings import RunWarning, warn
from .channels import Channel, Channels
from .formats import (
    FREESURFER_SUFFIXES,
    HEADER_SUFFIXES,
    IMAGE_SUFFIXES,
    ITK_SUFFIXES,
    NIFTI_SUFFIXES,
    PAIR_SUFFIXES,
)
from .grid import check_geometry
from .volume import Sources, Volume, watched

LOADING_THREADS = 2
_SAMPLE_STEP = 997  # a prime, so that the sample walks through all rows and slices
LARGEST_VALUE = 1e30  # stored; larger ones, or none larger than its inverse, are scaled: float32 ends at 3e38
ENCLOSED_NAN_SHARE = 0.001  # of the finite voxels; a few stray ones are tolerated, with a warning


@dataclass(frozen=True)
class Study:
    """Loaded sequences.

    Attributes:
        volumes: sequence → its volume, in sequence order.
        warnings: for the user.
    """

    volumes: dict[str, Volume]
    warnings: list[RunWarning] = field(default_factory=list)

    def sources(self) -> dict[str, Sources]:
        """Sequence → the files that were read for it."""
        return {name: volume.sources for name, volume in self.volumes.items()}


def load_study(files: Mapping[str, Path | str], channels: Channels = ()) -> Study:
    """Read all files of a study, in threads.

    Args:
        files: sequence (``t1``, ``t1c``, ``t2``, ``flair``) → its file; at least one.
        channels: what the volumes of a 4-D file are, in their order; then one file may be several
            sequences.

    Raises:
        UsageError: no file, or a name that is not a sequence.
        InputError: a file cannot be segmented, or one image is given as two sequences.
    """
    unknown = sorted(set(files) - set(SEQUENCES))
    if unknown:
        raise UsageError(f"{', '.join(unknown)}: not a sequence. The sequences are {', '.join(SEQUENCES)}.")
    names = [name for name in SEQUENCES if name in files]
    if not names:
        raise UsageError("No sequence was given. Give a folder, or at least one of --t1 --t1c --t2 --flair.")
    paths = {name: Path(files[name]) for name in names}
    if not channels:
        _refuse_same_file(paths)
    wanted = [Channel(channels.index(name), len(channels)) if name in channels else None for name in names]
    with ThreadPoolExecutor(LOADING_THREADS) as pool:
        volumes = dict(zip(names, pool.map(read_volume, paths.values(), wanted), strict=True))
    _refuse_same_content(volumes)
    return Study(volumes, [warning for volume in volumes.values() for warning in volume.warnings])


def _refuse_same_file(paths: dict[str, Path]) -> None:
    for (first, path), (second, other) in combinations(paths.items(), 2):
        if os.path.realpath(path) == os.path.realpath(other) or (
            os.path.exists(path) and os.path.exists(other) and path.samefile(other)
        ):
            raise InputError(
                f"{path} was given both as {DISPLAY_NAMES[first]} and as {DISPLAY_NAMES[second]}. "
                "Give each sequence its own file, and leave out what the patient does not have."
            )


def _refuse_same_content(volumes: dict[str, Volume]) -> None:
    for (first, volume), (second, other) in combinations(volumes.items(), 2):
        if _same_values(volume, other):
            raise InputError(
                f"{volume.path} ({DISPLAY_NAMES[first]}) and {other.path} ({DISPLAY_NAMES[second]}) hold the "
                "same image: one sequence was given twice. Leave one of them out."
            )


def _same_values(volume: Volume, other: Volume) -> bool:
    """Whether two images agree in every voxel; almost always decided by a sparse sample."""
    if volume.data.shape != other.data.shape:
        return False
    one, two = volume.data.ravel(order="F"), other.data.ravel(order="F")  # views: all readers give F order
    for step in (_SAMPLE_STEP, 1):
        first = one[::step] * np.float64(volume.slope) + volume.inter  # 32 bits may be too few
        second = two[::step] * np.float64(other.slope) + other.inter
        if not np.allclose(first, second, rtol=1e-5, atol=0):
            return False
    return True


def read_volume(path: Path | str, channel: Channel | None = None) -> Volume:
    """Read one 3-D image.

    Args:
        path: a file of a supported format; 4-D files with a single volume are accepted.
        channel: which volume of a 4-D file with several is wanted.

    Returns:
        The volume with raw values. NaN, where it only marks the background, has become a finite
        constant below all other values.

    Raises:
        InputError: the file is missing, unreadable, truncated, of another format, not one 3-D
            image of real numbers, constant, without valid geometry, has NaN/Inf in the image, or
            changed while it was read.
    """
    path = Path(path)
    reader = _reader(path)
    with watched(path) as sources:
        volume = reader(path, channel)
    volume = replace(volume, sources=tuple(sources))
    check_geometry(path, volume.grid)
    return _with_finite_values(volume)


def _reader(path: Path) -> Callable[[Path, Channel | None], Volume]:
    if os.path.isdir(path):
        raise InputError(f"{path} is a folder, not an image file. Give the file of one sequence.")
    if not os.path.isfile(path):
        raise InputError(f"{path} {absence(path)}. Check the path.")
    if path.stat().st_size == 0:
        raise InputError(f"{path} is empty (0 bytes). Copy or export it again.")
    name = path.name.lower()
    if name.endswith(NIFTI_SUFFIXES):
        from .nifti import read_nifti

        return read_nifti
    if name.endswith(ITK_SUFFIXES):
        from .itk import read_itk

        return read_itk
    if name.endswith((*FREESURFER_SUFFIXES, *PAIR_SUFFIXES, *HEADER_SUFFIXES)):
        from .nifti import read_with_nibabel

        return read_with_nibabel
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
    largest = max(abs(float(low)), abs(float(high)))
    return volume if 1 / LARGEST_VALUE < largest < LARGEST_VALUE else _scaled(volume)


def _scaled(volume: Volume) -> Volume:
    """The same image in numbers that float32 holds, also summed over neighbours; the slope takes the rest.

    The unit is a usual value of the image, not its largest: beside one voxel of 1e298 all others would be 0.
    What is still too large is cut.
    """
    data = volume.data.astype(np.float64)
    unit = float(np.median(np.abs(data[data != 0])))
    data = np.clip(data / unit, -LARGEST_VALUE, LARGEST_VALUE).astype(np.float32)
    return replace(volume, data=data, slope=volume.slope * unit)


def _replace_nan(volume: Volume) -> Volume:
    """NaN that surrounds the image is background; NaN inside it is damage."""
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
    warning = warn("nan_background", file=volume.path.name, count=count)
    return replace(volume, data=data, warnings=(*volume.warnings, warning))


def _enclosed(mask: np.ndarray) -> np.ndarray:
    """Places that have a true voxel on both sides along each of the three axes."""
    inside = np.ones(mask.shape, bool)
    for axis in range(3):
        inside &= np.logical_or.accumulate(mask, axis)
        inside &= np.flip(np.logical_or.accumulate(np.flip(mask, axis), axis), axis)
    return inside
