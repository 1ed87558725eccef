"""Read through nibabel what is met less often: FreeSurfer's ``.mgz``, and pairs of ``.hdr`` and ``.img``."""

from __future__ import annotations

import zlib
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError
from ..warnings import warn
from .channels import Channel, volume_of
from .formats import FREESURFER_SUFFIXES
from .grid import Grid
from .packed import GZIP_MAGIC, refuse_excess, unpacked
from .plausible import check_geometry
from .source import data_files
from .volume import Volume

_DAMAGE = (ValueError, TypeError, KeyError, IndexError, OverflowError, EOFError, OSError, zlib.error)
"""What nibabel raises for headers and voxels that are cut off or hold impossible numbers."""


def read_with_nibabel(path: Path, channel: Channel | None = None) -> Volume:
    """Read an image of FreeSurfer, or a pair of header and voxels (NIfTI, SPM, Analyze).

    Args:
        path: of a pair, either file.
        channel: which volume of a 4-D file is wanted; None where it must hold one only.

    Raises:
        InputError: unreadable, truncated, or not one 3-D image of real numbers.
    """
    image = _loaded(path)
    dtype = image.get_data_dtype()
    if dtype.fields or dtype.kind not in "iuf":
        raise InputError(f"{path}: its voxels are not one real number each. Export it as a grey-scale image.")
    shape, number = volume_of(path, image.shape, channel)
    grid = Grid(shape, np.asarray(image.affine, float))
    check_geometry(path, grid, dtype.itemsize)
    _check_packed(path, prod(map(int, image.shape)) * dtype.itemsize)
    data = _voxels(path, image).reshape(*shape, -1, order="F")[..., number]
    warnings = () if _says_where(image) else (warn("orientation_by_convention", file=path.name),)
    return Volume(data, 1.0, 0.0, grid, path, warnings)


def _loaded(path: Path) -> Any:
    import nibabel
    from nibabel.filebasedimages import ImageFileError
    from nibabel.spatialimages import HeaderDataError
    from nibabel.wrapstruct import WrapStructError

    try:
        return nibabel.load(path)
    except (ImageFileError, HeaderDataError, WrapStructError, *_DAMAGE) as error:
        raise InputError(f"{path} cannot be read ({_reason(error)}). {_remedy(path)}") from error


def _voxels(path: Path, image: Any) -> np.ndarray:
    """The values, scaled as the header says; never more digits than the file's own need."""
    try:
        return np.asanyarray(image.dataobj)
    except (MemoryError, *_DAMAGE) as error:
        raise InputError(
            f"{path} is damaged or truncated ({_reason(error)}). Copy or export it again."
        ) from error


def _check_packed(path: Path, needed: int) -> None:
    """Nibabel stops where the voxels end, before gzip's check sum, so they are unpacked here too."""
    for file in (path, *data_files(path)):
        refuse_excess(file, file.stat().st_size, needed)
        with file.open("rb") as opened:
            packed = opened.read(len(GZIP_MAGIC)) == GZIP_MAGIC
        if packed:
            unpacked(file, file.read_bytes(), needed)


def _says_where(image: Any) -> bool:
    """Whether the file says how the image lies in the patient; plain Analyze never does."""
    header = image.header
    if "goodRASFlag" in header:
        return bool(int(header["goodRASFlag"]) > 0)
    return "sform_code" in header and (int(header["sform_code"]) > 0 or int(header["qform_code"]) > 0)


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error or type(error).__name__).splitlines()[0]


def _remedy(path: Path) -> str:
    if path.name.lower().endswith(FREESURFER_SUFFIXES):
        return "Copy or export it again."
    return "Header (.hdr) and voxels (.img) must lie beside each other; copy or export both again."
