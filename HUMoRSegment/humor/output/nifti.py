"""Writing NIfTI-1 quickly: nibabel's header, Intel's gzip where it is installed."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np

from ..study.nifti_geometry import NiftiFields


def write_nifti(
    path: Path,
    data: np.ndarray,
    affine: np.ndarray,
    *,
    slope: float = 1.0,
    label: bool = False,
    description: str = "",
    fields: NiftiFields | None = None,
) -> None:
    """Write ``data[i, j, k]`` or ``data[i, j, k, n]`` as ``.nii.gz``.

    Args:
        path: the file.
        data: of a type that NIfTI knows (not bool, not float16).
        affine: 4×4 from array index to world RAS in mm; goes into the sform (exactly, in float32)
            and, as far as a rotation and spacings can say it, into the qform.
        slope: what a stored value is multiplied by on reading.
        label: mark the values as labels (``NIFTI_INTENT_LABEL``).
        description: at most 79 ASCII characters.
        fields: of an input whose header contradicts itself; written instead of the affine, so that
            every program puts the result where it puts the input.

    Raises:
        OSError: the file cannot be written.
    """
    import nibabel

    header = nibabel.Nifti1Header()
    header.set_data_dtype(data.dtype)
    header.set_data_shape(data.shape)
    header.set_xyzt_units("mm")
    header.set_qform(affine, code="scanner")
    header.set_sform(affine, code="scanner")
    if fields is not None:
        fields.write_to(header)
    header.set_slope_inter(slope, 0.0)
    header["descrip"] = description.encode("ascii")
    header["vox_offset"] = 352  # the header's 348 bytes and 4 that say "no extension"
    if label:
        header.set_intent("label")
    # NIfTI keeps the first axis together in memory.
    path.write_bytes(_gzip(header.binaryblock + bytes(4) + data.tobytes(order="F")))


def _gzip(data: bytes) -> bytes:
    """Compress at a low level, the same bytes for the same data (no time stamp)."""
    try:
        from isal import igzip
    except ImportError:
        return gzip.compress(data, 1, mtime=0)
    return igzip.compress(data, 1, mtime=0)
