"""``segmentation.nii.gz``: the BraTS label map on the native grid."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..box import bounding_box
from ..inference.segmentation import Segmentation
from ..regions import regions_to_labels
from .nifti import write_nifti


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
