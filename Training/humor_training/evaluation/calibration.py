"""Whether probabilities mean what they say."""

from __future__ import annotations

import numpy as np

BINS = 15


def calibration_error(probability: np.ndarray, truth: np.ndarray, bins: int = BINS) -> float:
    """Expected calibration error ``Σ n_b / N · |share of truth in b − mean probability in b|``.

    Of the probability of a region, not of the more likely class, so that bins span 0 to 1; equal widths.
    Formula: Guo et al. 2017 (arXiv 1706.04599), with the positive class as in Naeini et al. 2015.
    The result depends on the mask that voxels are taken from: a larger background makes it smaller.

    Args:
        probability: ``[N]`` of the voxels of some mask, 0 to 1.
        truth: bool ``[N]``, whether each belongs to the region.
        bins: how many.

    Returns:
        0 to 1; NaN without voxels.
    """
    if not probability.size:
        return float("nan")
    place = np.minimum((probability * bins).astype(np.int64), bins - 1)
    # N cancels: the n_b of the weights and of the means are the same.
    said = np.bincount(place, probability, bins)
    true = np.bincount(place, truth, bins)
    return float(np.abs(true - said).sum() / probability.size)
