"""NIfTI-1 files of a result, written quickly: the BraTS label map and probabilities, on the native grid."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np

from ..box import bounding_box
from ..inference.postprocessing import STEPS
from ..inference.segmentation import Segmentation
from ..regions import regions_to_labels
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


def label_map(regions: np.ndarray) -> np.ndarray:
    """Nested masks ``[3, i, j, k]`` (WT, TC, ET) to a BraTS label map (uint8 ``[i, j, k]``).

    Only the box around the whole tumour is converted: a tenth of the time for a whole head.
    """
    labels = np.zeros(regions.shape[1:], np.uint8, order="F")
    box = bounding_box(regions[0])
    if box is not None:
        labels[box] = regions_to_labels(regions[(slice(None), *box)])
    return labels


def write_label_map(path: Path, segmentation: Segmentation) -> None:
    """Write the label map (uint8, native grid and axis order, mm).

    Raises:
        OSError: the file cannot be written.
    """
    write_nifti(
        path,
        label_map(segmentation.regions),
        segmentation.case.native.affine,
        label=True,
        fields=segmentation.case.fields,
        description="HUMoR: 1 NCR, 2 ED, 4 ET (BraTS)",
    )


def write_probabilities(path: Path, segmentation: Segmentation) -> None:
    """Write ``[i, j, k, 3]`` (last axis WT, TC, ET), 0 to 1 in steps of 1/255.

    They are stored as uint8 with slope 1/255: a quarter of float32's size, exact to 0.002.

    Raises:
        OSError: the file cannot be written.
    """
    from ..study.case import to_native
    from ..study.resampling import voxel_map

    case = segmentation.case
    if voxel_map(case.grid, case.native) is not None:
        # Nothing is interpolated, so rounding comes first: on the brain's box, and a quarter of the bytes.
        stored = to_native(case, _steps(segmentation.probabilities))
    else:
        stored = _steps(to_native(case, segmentation.probabilities, order=1))
    write_nifti(
        path,
        np.moveaxis(stored, 0, -1),
        case.native.affine,
        slope=1.0 / STEPS,
        fields=segmentation.case.fields,
        description="HUMoR probabilities: WT, TC, ET",
    )


def _steps(probabilities: np.ndarray) -> np.ndarray:
    """Probabilities as uint8."""
    return np.rint(np.clip(probabilities, 0.0, 1.0) * STEPS).astype(np.uint8)
