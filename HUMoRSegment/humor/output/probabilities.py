"""``probabilities.nii.gz``: the network's probabilities of WT, TC and ET on the native grid."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..inference.postprocessing import STEPS
from ..inference.segmentation import Segmentation
from .nifti import write_nifti


def write_probabilities(path: Path, segmentation: Segmentation) -> None:
    """Write ``[i, j, k, 3]`` (last axis WT, TC, ET), 0 to 1 in steps of 1/255.

    They are stored as uint8 with slope 1/255: a quarter of float32's size, exact to 0.002.

    Raises:
        OSError: the file cannot be written.
    """
    from ..study.resampling import voxel_map
    from ..study.restore import to_native

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
