"""Read NRRD and MetaImage through SimpleITK (imported only for these formats)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..errors import InputError
from .channels import Channel, volume_of
from .grid import Grid
from .volume import Volume

_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0])


def read_itk(path: Path, channel: Channel | None = None) -> Volume:
    """Read an image through SimpleITK; its LPS geometry becomes RAS as everywhere here.

    Args:
        path: the file.
        channel: which volume is wanted of a file with several; None where it must hold one only.

    Raises:
        InputError: unreadable, truncated, or not one 3-D image of real numbers.
    """
    import SimpleITK as sitk

    try:
        image = sitk.ReadImage(str(path))
    except RuntimeError as error:
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
    return Volume(data, 1.0, 0.0, Grid(data.shape, _ras_affine(image)), path)


def _ras_affine(image) -> np.ndarray:  # type: ignore[no-untyped-def]
    affine = np.eye(4)
    direction = np.array(image.GetDirection()).reshape(3, 3)
    affine[:3, :3] = _LPS_TO_RAS @ direction @ np.diag(image.GetSpacing())
    affine[:3, 3] = _LPS_TO_RAS @ np.array(image.GetOrigin())
    return affine
