"""A healthy brain as a file: the average T1 of 152 people (ICBM 2009a), without its skull."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
from scipy import ndimage

TISSUE = 0.3
"""Grey and white matter together, from which on a voxel is brain."""


def write_healthy_brain(template: Path, path: Path) -> Path:
    """Write it.

    Args:
        template: folder with ``t1.nii.gz``, ``gm.nii.gz`` and ``wm.nii.gz`` on one grid.
        path: the NIfTI file to write.
    """
    t1, grey, white = (nibabel.load(template / f"{name}.nii.gz") for name in ("t1", "gm", "wm"))
    tissue = grey.get_fdata() + white.get_fdata() > TISSUE
    brain = ndimage.binary_fill_holes(ndimage.binary_closing(tissue, iterations=4))
    values = np.where(brain, t1.get_fdata(), 0).astype(np.float32)
    nibabel.save(nibabel.Nifti1Image(values, t1.affine), path)
    return path
