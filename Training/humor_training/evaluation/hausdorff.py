"""The 95th percentile of distances between two surfaces."""

from __future__ import annotations

import numpy as np

from .mask import Mask

PERCENTILE = 95
PENALTY_MM = 374.0
"""Where only one mask is empty, as BraTS counts: the diagonal of its grid (240 × 240 × 155 mm), rounded."""


def hd95(found: Mask, truth: Mask) -> float:
    """Symmetric 95th percentile Hausdorff distance in mm.

    The larger of the two percentiles: of the distances from each surface voxel of one mask to the
    nearest surface voxel of the other, and back. As MONAI's ``compute_hausdorff_distance``.

    Returns:
        the distance; 0 if both masks are empty, ``PENALTY_MM`` if one is.
    """
    if not found.size and not truth.size:
        return 0.0
    if not found.size or not truth.size:
        return PENALTY_MM
    there, _ = truth.tree.query(found.surface)
    back, _ = found.tree.query(truth.surface)
    return float(max(np.percentile(there, PERCENTILE), np.percentile(back, PERCENTILE)))
