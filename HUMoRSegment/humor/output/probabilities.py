"""``probabilities.nii.gz``: the network's probabilities of WT, TC and ET on the native grid."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..inference.segmentation import Segmentation
from .nifti import write_nifti

STEPS = 255


def write_probabilities(path: Path, segmentation: Segmentation) -> None:
    """Write ``[i, j, k, 3]`` (last axis WT, TC, ET), 0 to 1 in steps of 1/255.

    They are stored as uint8 with slope 1/255: a quarter of float32's size, exact to 0.002.

    Raises:
        OSError: the file cannot be written.
    """
    from ..study.restore import to_native

    native = to_native(segmentation.case, segmentation.probabilities, order=1)
    stored = np.rint(np.clip(native, 0.0, 1.0) * STEPS).astype(np.uint8)
    write_nifti(
        path,
        np.moveaxis(stored, 0, -1),
        segmentation.case.native.affine,
        slope=1.0 / STEPS,
        description="HUMoR probabilities: WT, TC, ET",
    )
