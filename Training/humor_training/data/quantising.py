"""z-scores to at most 256 levels, with a bound on the error of every voxel."""

from __future__ import annotations

import numpy as np

from humor.study.case_building import CLIP

TOLERANCE = 0.065
"""Largest error in standard deviations. A display from -3 to 4 in 256 greys has steps of 0.03, and the noise
of the scans is several times larger. Measured on 39 patients of BraTS 2018 and 2021 (packed size of the four
sequences, mean error): 0.05: 1.64 MB, 0.026; 0.06: 1.56 MB, 0.035; 0.065: 1.48 MB, 0.041; 0.07: 1.44 MB,
0.045."""

FINEST = CLIP / 255  # finer tolerances would need more than 256 levels
_CODES = 1 << 16  # all bit patterns of float16


def quantise(image: np.ndarray, tolerance: float = TOLERANCE) -> tuple[np.ndarray, np.ndarray]:
    """The fewest levels within the tolerance, and which of them each voxel has.

    From the lowest value on, each level takes all values up to twice the tolerance above its first, and lies
    amid them. So an image that has few distinct values far apart keeps them exactly.

    Args:
        image: float16, any shape; z-scores within ±6, 0 outside the brain.
        tolerance: in standard deviations, at least ``FINEST``.

    Returns:
        the index of each voxel's level (uint8; 0 where the image is 0), and the levels (float16, none is 0).
    """
    if tolerance < FINEST:
        raise ValueError(f"a tolerance of {tolerance} needs more than 256 levels; at least {FINEST:.4f}")
    codes = image.view(np.uint16)
    used = np.flatnonzero(np.bincount(codes.ravel(), minlength=_CODES)).astype(np.uint16)
    values = used.view(np.float16).astype(np.float64)
    used, values = used[values != 0], values[values != 0]
    order = np.argsort(values)
    used, values = used[order], values[order]
    index_of = np.zeros(_CODES, np.uint8)
    levels: list[float] = []
    start = 0
    while start < len(values):
        stop = int(np.searchsorted(values, values[start] + 2 * tolerance, side="right"))
        index_of[used[start:stop]] = len(levels)
        levels.append((values[start] + values[stop - 1]) / 2)
        start = stop
    table = np.array(levels, np.float16)
    table[table == 0] = np.finfo(np.float16).smallest_normal  # 0 means "outside the brain"
    return index_of[codes], table
