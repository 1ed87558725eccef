"""The smallest box around a mask."""

from __future__ import annotations

import numpy as np


def bounding_box(mask: np.ndarray) -> tuple[slice, slice, slice] | None:
    """Slices of the smallest box that holds every true voxel of ``mask[i, j, k]``; None if none is."""
    i, j, k = (slice(int(start), int(stop)) for start, stop in zip(*mask_box(mask), strict=True))
    return None if i.stop == 0 else (i, j, k)


def mask_box(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First index and index after the last, by axis, of the true voxels; both 0 if there are none."""
    start, stop = np.zeros(3, int), np.zeros(3, int)
    if not mask.size:
        return start, stop
    by_memory = sorted(range(3), key=lambda axis: -abs(mask.strides[axis]))  # slowest axis first
    slow, middle, fast = by_memory
    planes = mask.transpose(by_memory)
    flat: np.ndarray = np.any(planes, axis=0)
    lines = {
        slow: planes.reshape(planes.shape[0], -1).any(axis=1),
        middle: np.any(flat, axis=1),
        fast: np.any(flat, axis=0),
    }
    for axis, line in lines.items():
        places = np.flatnonzero(line)
        if places.size:
            start[axis], stop[axis] = places[0], places[-1] + 1
    return start, stop


def true_places(mask: np.ndarray) -> np.ndarray:
    """Indices ``[n, 3]`` of the true voxels of ``mask[i, j, k]``, looked for in their box alone."""
    box = bounding_box(mask)
    if box is None:
        return np.zeros((0, 3), int)
    return np.argwhere(mask[box]) + [part.start for part in box]
