"""Read NRRD and MetaImage through SimpleITK (imported only for these formats)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError
from ..memory.shortage import is_memory_failure
from ..warnings import RunWarning, warn
from .channels import Channel, volume_of
from .grid import Grid, check_geometry
from .itk_header import ItkHeader, Packed, check_header
from .packed import unpacked
from .volume import Volume

_BYTES = 4  # per value, for the check of memory
_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0])


def read_itk(path: Path, channel: Channel | None = None) -> Volume:
    """Read an image through SimpleITK; its LPS geometry becomes RAS as everywhere here.

    Args:
        path: the file.
        channel: which volume is wanted of a file with several; None where it must hold one only.

    Raises:
        InputError: unreadable, truncated, or not one 3-D image of real numbers.
    """
    header = check_header(path)
    import SimpleITK as sitk

    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    try:
        reader.ReadImageInformation()
        _check_information(path, reader)
        if header.packed:
            _check_packed(path, header.packed)
        image = reader.Execute()
    except RuntimeError as error:
        if is_memory_failure(error):
            raise
        reason = str(error).strip().splitlines()[-1]
        raise InputError(f"{path} cannot be read ({reason}). Copy or export it again.") from error
    if channel is not None and image.GetDimension() == 3 and image.GetNumberOfComponentsPerPixel() > 1:
        _shape, number = volume_of(path, (*image.GetSize(), image.GetNumberOfComponentsPerPixel()), channel)
        image = sitk.VectorIndexSelectionCast(image, number)
    if image.GetNumberOfComponentsPerPixel() > 1:
        raise InputError(
            f"{path}: its voxels are {image.GetPixelIDTypeAsString()}, not one real number each "
            "(colours, or several volumes in one file). Export each sequence as its own grey-scale image."
        )
    if image.GetDimension() == 4:
        _shape, number = volume_of(path, image.GetSize(), channel)
        image = image[:, :, :, number]
    if image.GetDimension() != 3:
        raise InputError(
            f"{path} is {image.GetDimension()}-dimensional (size {image.GetSize()}); a 3-D image is needed. "
            "Give one file per sequence."
        )
    data = sitk.GetArrayFromImage(image).transpose(2, 1, 0)
    if data.dtype.kind not in "iuf":
        raise InputError(f"{path}: its voxels are complex numbers. Export the magnitude image.")
    return Volume(data, 1.0, 0.0, Grid(data.shape, _ras_affine(image)), path, _warnings(path, header))


def _check_information(path: Path, reader: Any) -> None:
    """Geometry and size, before the voxels are read."""
    if reader.GetDimension() < 3:
        return
    i, j, k = reader.GetSize()[:3]
    others = int(np.prod(reader.GetSize()[3:])) * reader.GetNumberOfComponents()
    check_geometry(path, Grid((i, j, k), _ras_affine(reader)), _BYTES * others)


def _check_packed(path: Path, packed: Packed) -> None:
    """ITK does not see all damage of compressed voxels, so they are unpacked here too."""
    try:
        with packed.source.open("rb") as file:
            file.seek(packed.begin)
            for _line in range(packed.lines):
                file.readline()
            data = file.read()
    except OSError as error:
        raise InputError(
            f"{packed.source} cannot be read: {error.strerror}. Check its permissions."
        ) from error
    length = len(unpacked(path, data, packed.needed))
    if length < packed.needed:
        raise InputError(
            f"{path} is truncated: {length} of {packed.needed} bytes are there. Copy or export it again."
        )


def _warnings(path: Path, header: ItkHeader) -> tuple[RunWarning, ...]:
    warnings = []
    if not header.oriented:
        warnings.append(warn("orientation_missing_itk", file=path.name))
    if header.units:
        warnings.append(warn("units_ignored", file=path.name, units=header.units))
    return tuple(warnings)


def _ras_affine(image: Any) -> np.ndarray:
    """Of an image or its reader; of the first three axes where it has four."""
    affine = np.eye(4)
    axes = image.GetDimension()
    direction = np.array(image.GetDirection()).reshape(axes, axes)[:3, :3]
    affine[:3, :3] = _LPS_TO_RAS @ direction @ np.diag(image.GetSpacing()[:3])
    affine[:3, 3] = _LPS_TO_RAS @ np.array(image.GetOrigin()[:3])
    return affine
