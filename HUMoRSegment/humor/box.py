"""The smallest box around a mask."""

from __future__ import annotations

import numpy as np


def bounding_box(mask: np.ndarray) -> tuple[slice, slice, slice] | None:
    """Slices of the smallest box that holds every true voxel of ``mask[i, j, k]``; None if none is."""
    slices = []
    for axis in range(3):
        others = tuple(other for other in range(3) if other != axis)
        places = np.flatnonzero(mask.any(axis=others))
        if places.size == 0:
            return None
        slices.append(slice(int(places[0]), int(places[-1]) + 1))
    return (slices[0], slices[1], slices[2])


def true_places(mask: np.ndarray) -> np.ndarray:
    """Indices ``[n, 3]`` of the true voxels of ``mask[i, j, k]``, looked for in their box alone."""
    box = bounding_box(mask)
    if box is None:
        return np.zeros((0, 3), int)
    return np.argwhere(mask[box]) + [part.start for part in box]
