"""Read NIfTI fast, and through nibabel what is met less often: FreeSurfer's ``.mgz``, ``.hdr`` with ``.img``.

NIfTI files are decompressed in one go, and their bytes used as the array without a copy; the header is
read and checked by itself first.
"""

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
from .grid import Grid, check_geometry
from .nifti_geometry import placement
from .packed import GZIP_MAGIC, refuse_excess, unpacked
from .volume import Volume, data_files

_ENOUGH_FOR_A_HEADER = 4096  # bytes; NIfTI-2's has 540
_LARGEST_OFFSET = 1 << 40
_DAMAGE = (ValueError, TypeError, KeyError, IndexError, OverflowError, EOFError, OSError, zlib.error)
"""What nibabel raises for headers and voxels that are cut off or hold impossible numbers."""


def read_nifti(path: Path, channel: Channel | None = None) -> Volume:
    """Read a NIfTI-1 or NIfTI-2 file, compressed or not, whatever its ending says.

    Args:
        path: the file.
        channel: which volume of a 4-D file is wanted; None where it must hold one only.

    Raises:
        InputError: unreadable, truncated, not NIfTI, or not one 3-D image of real numbers.
    """
    header = _header(path, _beginning(path))
    shape, number = volume_of(path, header.get_data_shape(), channel)
    dtype = header.get_data_dtype()
    if dtype.fields or dtype.kind not in "iuf":
        raise InputError(
            f"{path}: its voxels are {_kind(dtype)}, not one real number each. "
            "Export the sequence as a grey-scale image."
        )
    slope, inter = _scaling(path, header)
    place = placement(path, header, shape)
    grid = Grid(shape, place.affine)
    check_geometry(path, grid, dtype.itemsize)
    count = int(np.prod(shape))
    first = _first_byte(path, header)
    start = first + number * count * dtype.itemsize
    content = _content(path, first + prod(map(int, header.get_data_shape())) * dtype.itemsize)
    if len(content) < start + count * dtype.itemsize:
        raise InputError(
            f"{path} is truncated: {len(content)} of {start + count * dtype.itemsize} bytes are there. "
            "Copy or export it again."
        )
    data = np.frombuffer(content, dtype, count, start).reshape(shape, order="F")
    return Volume(data, slope, inter, grid, path, place.warnings, fields=place.fields)


def _beginning(path: Path) -> bytes:
    """The unpacked bytes of the file's header, without reading all of it."""
    try:
        with path.open("rb") as file:
            packed = file.read(_ENOUGH_FOR_A_HEADER)
        if not packed.startswith(GZIP_MAGIC):
            return packed
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(packed, _ENOUGH_FOR_A_HEADER)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}. Check its permissions.") from error
    except zlib.error as error:
        raise InputError(
            f"{path} is damaged or truncated: its compressed content cannot be unpacked ({error}). "
            "Copy or export it again."
        ) from error


def _content(path: Path, needed: int) -> bytes:
    try:
        refuse_excess(path, path.stat().st_size, needed)
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}. Check its permissions.") from error
    return unpacked(path, content, needed) if content.startswith(GZIP_MAGIC) else content


def _header(path: Path, content: bytes) -> Any:
    from io import BytesIO

    from nibabel.nifti1 import Nifti1Header
    from nibabel.nifti2 import Nifti2Header
    from nibabel.spatialimages import HeaderDataError
    from nibabel.wrapstruct import WrapStructError

    nifti2 = content[:4] in (b"\x1c\x02\x00\x00", b"\x00\x00\x02\x1c")  # the header's size, 540
    kind = Nifti2Header if nifti2 else Nifti1Header
    try:
        # The header alone: its extensions, which may be damaged, do not matter here.
        block = BytesIO(content).read(kind.sizeof_hdr)
        header = kind(block, check=True)
        # The check mends some fields in silence; of voxel sizes that are not valid the user is told.
        header["pixdim"][1:4] = kind(block, check=False)["pixdim"][1:4]
        header.get_data_dtype()
    except (HeaderDataError, WrapStructError, ValueError, KeyError, OverflowError) as error:
        raise InputError(f"{path} is not a readable NIfTI file ({error}). Export it again.") from error
    if header["magic"].item()[:2] not in (b"n+", b"ni"):
        raise InputError(f"{path} is not a NIfTI file, whatever its name says. Export it again.")
    return header


def _scaling(path: Path, header: Any) -> tuple[float, float]:
    from nibabel.spatialimages import HeaderDataError

    try:
        slope, inter = header.get_slope_inter()
    except HeaderDataError as error:
        raise InputError(f"{path}: its intensity scaling is not valid ({error}). Export it again.") from error
    return (1.0, 0.0) if slope is None else (float(slope), float(inter))


def _first_byte(path: Path, header: Any) -> int:
    offset = float(header["vox_offset"])
    if not abs(offset) < _LARGEST_OFFSET:  # also where it is no number
        raise InputError(
            f"{path}: its header says that its voxels begin at byte {offset:g}, which cannot be. "
            "Export it again."
        )
    return max(int(offset), int(header.single_vox_offset))


def _kind(dtype: np.dtype) -> str:
    if dtype.kind == "c":
        return "complex numbers"
    return "colours (RGB)" if dtype.fields else f"of type {dtype}"


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
