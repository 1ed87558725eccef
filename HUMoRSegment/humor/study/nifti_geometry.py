"""Where the voxels of a NIfTI file lie, as ITK and so 3D Slicer read it.

A file may say it twice (sform and qform, each with a code) and may contradict itself: two different
places, voxel sizes (pixdim) other than the sform's, axes that are not at right angles. ITK takes the
directions from the sform if its code is 1 or the qform's is 0, else from the qform; a form whose axes
are not at right angles it does not take at all; voxel sizes are always pixdim, in the file's units
(``NiftiImageIO::SetImageIOOrientationFromNIfTI``).  Here the same is done, with a sentence for the user.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError
from ..warnings import RunWarning, warn
from .grid import SPACING_MM, Grid

# What a header's fields hold that say where its voxels lie.
FIELDS = (
    *("sform_code", "srow_x", "srow_y", "srow_z"),
    *("qform_code", "quatern_b", "quatern_c", "quatern_d", "qoffset_x", "qoffset_y", "qoffset_z"),
    "xyzt_units",
)
SAME_PLACE = 0.1  # voxels, at any corner: two forms that are nearer say the same
SAME_SCALE = 0.01  # relative
RIGHT_ANGLE = 1e-4  # the largest cosine between two axes that ITK takes for a right angle
_UNITS = {1: ("m", 1000.0), 3: ("µm", 0.001)}
_UNIT_BITS = 7
_ITK_AXES = np.diag([-1.0, -1.0, 1.0])  # of a file that says nothing: to Left, Posterior, Superior


@dataclass(frozen=True)
class NiftiFields:
    """The fields of a contradictory header, to be written into results as they are.

    Programs that read the input in different ways read the result in the same different ways, so
    that each sees it on the input.

    Attributes:
        values: name of a header's field → its value.
        pixdim: the field's first four values: handedness and voxel sizes.
    """

    values: dict[str, Any]
    pixdim: tuple[float, ...]

    def write_to(self, header: Any) -> None:
        """Set the fields of a nibabel header."""
        for name, value in self.values.items():
            header[name] = value
        header["pixdim"][:4] = self.pixdim


@dataclass(frozen=True)
class Placement:
    """What a header says.

    Attributes:
        affine: 4×4, index to world RAS in mm.
        fields: where the header contradicts itself, what results must repeat; else None.
        warnings: for the user.
    """

    affine: np.ndarray
    fields: NiftiFields | None = None
    warnings: tuple[RunWarning, ...] = ()


def placement(path: Path, header: Any, shape: tuple[int, int, int]) -> Placement:
    """Where the voxels of a file lie.

    Args:
        path: the file, for messages.
        header: nibabel's.
        shape: of the image's first three axes.

    Raises:
        InputError: its qform is not valid and there is no sform.
    """
    sizes, warnings = _sizes(path, header)
    affine, how = _directions(path, header, shape, sizes)
    warnings += how
    units, factor = _UNITS.get(int(header["xyzt_units"]) & _UNIT_BITS, ("mm", 1.0))
    lengths = np.linalg.norm(affine[:3, :3], axis=0)
    if np.isfinite(lengths).all() and lengths.min() > 0:
        if np.abs(lengths / sizes - 1).max() > SAME_SCALE:
            affine, more = _scaled(path, affine, lengths, sizes, factor)
            warnings += more
        if factor != 1.0:
            affine, more = _in_millimetres(path, affine, units, factor)
            warnings += more
    plain = not warnings and _agree(path, header, shape, sizes)
    return Placement(affine, None if plain or _only_sheared(header) else _fields(header), tuple(warnings))


def _sizes(path: Path, header: Any) -> tuple[np.ndarray, list[RunWarning]]:
    """Voxel sizes of pixdim, those that are not valid replaced, in the file's units."""
    given = np.array(header["pixdim"][1:4], float)
    lengths = np.linalg.norm(_sform(header)[:3, :3], axis=0) if int(header["sform_code"]) > 0 else np.ones(3)
    usable = np.isfinite(given) & (given != 0)
    sizes = np.where(usable, np.abs(given), np.where(np.isfinite(lengths) & (lengths > 0), lengths, 1.0))
    if usable.all() and (given > 0).all():
        return sizes, []
    taken = sizes.round(4).tolist()
    return sizes, [warn("voxel_size_invalid", file=path.name, pixdim=given.tolist(), taken=taken)]


def _directions(
    path: Path, header: Any, shape: tuple[int, int, int], sizes: np.ndarray
) -> tuple[np.ndarray, list[RunWarning]]:
    """The affine of the form that ITK takes, with that form's own scale."""
    sform_code, qform_code = int(header["sform_code"]), int(header["qform_code"])
    if sform_code <= 0 and qform_code <= 0:
        affine = np.eye(4)
        affine[:3, :3] = _ITK_AXES @ np.diag(sizes)
        return affine, [warn("orientation_missing_nifti", file=path.name)]
    sform = _sform(header)
    if qform_code <= 0:
        return sform, _about_shear(path, sform)
    qform = _qform(path, header, sizes, sform_code > 0)
    if sform_code <= 0 or qform is None:
        return (sform if qform is None else qform), []
    if not _right_angled(sform):
        return (
            (sform, [])
            if _near(sform, qform, shape)
            else (qform, [warn("forms_disagree_shear", file=path.name)])
        )
    if sform_code == 1 or _near(_rescaled(sform, sizes), qform, shape):
        return sform, []
    return qform, [warn("forms_disagree_code", file=path.name, sform_code=sform_code)]


def _about_shear(path: Path, sform: np.ndarray) -> list[RunWarning]:
    lengths = np.linalg.norm(sform[:3, :3], axis=0)
    if not np.isfinite(sform).all() or lengths.min() == 0 or _right_angled(sform):
        return []
    return [warn("axes_sheared", file=path.name)]


def _scaled(
    path: Path, affine: np.ndarray, lengths: np.ndarray, sizes: np.ndarray, factor: float
) -> tuple[np.ndarray, list[RunWarning]]:
    """The affine with the voxel sizes of pixdim, unless only its own can be those of a head."""
    both = {"pixdim": sizes.round(6).tolist(), "sform": lengths.round(4).tolist()}
    if not _plausible(sizes * factor) and _plausible(lengths * factor):
        return affine, [warn("voxel_size_implausible", file=path.name, **both)]
    return _rescaled(affine, sizes), [warn("voxel_size_contradicts", file=path.name, **both)]


def _in_millimetres(
    path: Path, affine: np.ndarray, units: str, factor: float
) -> tuple[np.ndarray, list[RunWarning]]:
    converted = affine.copy()
    converted[:3] *= factor
    if _plausible(np.linalg.norm(affine[:3, :3], axis=0)) and not _plausible(
        np.linalg.norm(converted[:3, :3], axis=0)
    ):
        return affine, [warn("units_implausible", file=path.name, units=units)]
    return converted, [warn("units_converted", file=path.name, units=units)]


def _agree(path: Path, header: Any, shape: tuple[int, int, int], sizes: np.ndarray) -> bool:
    """Whether both forms are there and say the same, or only one is there."""
    if int(header["sform_code"]) <= 0 or int(header["qform_code"]) <= 0:
        return True
    qform = _qform(path, header, sizes, has_sform=True)
    return qform is not None and _near(_sform(header), qform, shape)


def _only_sheared(header: Any) -> bool:
    """A sheared sform alone: results get a qform too, so that ITK can open them."""
    return (
        int(header["qform_code"]) <= 0 and int(header["sform_code"]) > 0 and not _right_angled(_sform(header))
    )


def _fields(header: Any) -> NiftiFields:
    pixdim = tuple(float(value) for value in header["pixdim"][:4])
    return NiftiFields({name: header[name].copy() for name in FIELDS}, pixdim)


def _sform(header: Any) -> np.ndarray:
    return np.asarray(header.get_sform(), float)


def _qform(path: Path, header: Any, sizes: np.ndarray, has_sform: bool) -> np.ndarray | None:
    """The qform with valid voxel sizes; None where it is not valid and a sform is there."""
    from nibabel.spatialimages import HeaderDataError

    valid = header.copy()
    valid["pixdim"][1:4] = sizes
    try:
        qform = np.asarray(valid.get_qform(), float)
    except (HeaderDataError, ValueError) as error:
        qform, reason = np.full((4, 4), np.nan), str(error)
    else:
        reason = "its values are not numbers"
    if np.isfinite(qform).all():
        return qform
    if has_sform:
        return None
    raise InputError(f"{path}: its qform is not valid ({reason}). Export it again.")


def _right_angled(affine: np.ndarray) -> bool:
    matrix = affine[:3, :3]
    lengths = np.linalg.norm(matrix, axis=0)
    if not np.isfinite(lengths).all() or lengths.min() == 0:
        return False
    turned = matrix / lengths
    return bool(np.abs(turned.T @ turned - np.eye(3)).max() <= RIGHT_ANGLE)


def _rescaled(affine: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    result = affine.copy()
    result[:3, :3] *= sizes / np.linalg.norm(affine[:3, :3], axis=0)
    return result


def _near(one: np.ndarray, other: np.ndarray, shape: tuple[int, int, int]) -> bool:
    if not (np.isfinite(one).all() and np.isfinite(other).all()):
        return False
    tolerance = SAME_PLACE * float(np.linalg.norm(other[:3, :3], axis=0).min())
    return Grid(shape, one).same_as(Grid(shape, other), tolerance)


def _plausible(sizes: np.ndarray) -> bool:
    return bool(sizes.min() >= SPACING_MM[0] and sizes.max() <= SPACING_MM[1])
