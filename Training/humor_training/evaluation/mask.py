"""A mask cut to its own box, with its surface; what does not change is computed once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from humor.box import bounding_box


@dataclass(frozen=True, eq=False)
class Mask:
    """One region of one segmentation.

    Fifteen segmentations are compared with one truth: the truth's surface and search tree are kept.

    Attributes:
        values: bool ``[d, h, w]``, the smallest box that holds the mask; no voxels if it is empty.
        start: index of the box's first voxel on the whole grid.
        spacing: edges of a voxel in mm.
    """

    values: np.ndarray
    start: tuple[int, int, int]
    spacing: tuple[float, float, float]

    @cached_property
    def size(self) -> int:
        """Voxels in the mask."""
        return int(np.count_nonzero(self.values))

    @property
    def volume_ml(self) -> float:
        """Volume in millilitres."""
        return self.size * float(np.prod(self.spacing)) / 1000.0

    @cached_property
    def surface(self) -> np.ndarray:
        """Centres in mm, ``[N, 3]``, of the voxels with a face-neighbour outside the mask."""
        return (np.argwhere(surface_of(self.values)) + self.start) * self.spacing

    @cached_property
    def tree(self) -> Any:
        """``scipy.spatial.cKDTree`` of the surface."""
        from scipy.spatial import cKDTree

        return cKDTree(self.surface)


def cut(mask: np.ndarray, spacing: tuple[float, float, float]) -> Mask:
    """The mask ``[D, H, W]`` (bool) in its own box."""
    box = bounding_box(mask)
    if box is None:
        return Mask(np.zeros((0, 0, 0), bool), (0, 0, 0), spacing)
    return Mask(np.ascontiguousarray(mask[box]), (box[0].start, box[1].start, box[2].start), spacing)


def overlap(one: Mask, other: Mask) -> int:
    """Voxels that are in both masks."""
    return int(np.count_nonzero(one.values & window(other.values, other.start, one.start, one.values.shape)))


def window(
    values: np.ndarray, start: Sequence[int], wanted_start: Sequence[int], wanted_shape: Sequence[int]
) -> np.ndarray:
    """What an array that begins at ``start`` holds in another box; 0 where it does not reach."""
    result = np.zeros(wanted_shape, values.dtype)
    source, target = [], []
    for own, length, begin, wanted in zip(start, values.shape, wanted_start, wanted_shape, strict=True):
        low, high = max(own, begin), min(own + length, begin + wanted)
        if low >= high:
            return result
        source.append(slice(low - own, high - own))
        target.append(slice(low - begin, high - begin))
    result[tuple(target)] = values[tuple(source)]
    return result


def surface_of(mask: np.ndarray) -> np.ndarray:
    """The voxels of ``mask[d, h, w]`` with a face-neighbour outside it; beyond the array is outside."""
    inner = mask.copy()
    for axis in range(mask.ndim):
        along, line = np.moveaxis(inner, axis, 0), np.moveaxis(mask, axis, 0)
        along[1:] &= line[:-1]
        along[:-1] &= line[1:]
        along[:1] = along[-1:] = False
    return mask & ~inner
