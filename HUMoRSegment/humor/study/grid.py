"""Voxel grids in world space: shape plus affine, for any order of array axes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Grid:
    """Where the voxels of an array lie.

    Attributes:
        shape: the array's three lengths.
        affine: 4×4, from array index ``(i, j, k, 1)`` to world ``(R, A, S, 1)`` in mm, as in
            nibabel. Column n belongs to array axis n, whatever anatomical axis that is.
    """

    shape: tuple[int, int, int]
    affine: np.ndarray

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Voxel edge lengths in mm, by array axis."""
        lengths = np.linalg.norm(self.affine[:3, :3], axis=0)
        return (float(lengths[0]), float(lengths[1]), float(lengths[2]))

    @property
    def voxel_ml(self) -> float:
        """Volume of a voxel in millilitres."""
        return float(abs(np.linalg.det(self.affine[:3, :3]))) / 1000.0

    def same_as(self, other: Grid, tolerance_mm: float = 1e-2) -> bool:
        """Whether both put every voxel at the same place (all corners within the tolerance)."""
        if self.shape != other.shape:
            return False
        corners = np.array(np.meshgrid(*[(0, n - 1) for n in self.shape], [1.0], indexing="ij"), float)
        corners = corners.reshape(4, -1)
        shift = (self.affine - other.affine) @ corners
        return bool(np.abs(shift).max() <= tolerance_mm)

    def crop(self, start: tuple[int, int, int], shape: tuple[int, int, int]) -> Grid:
        """The grid of ``array[start : start + shape]``; start may be negative (padding)."""
        affine = self.affine.copy()
        affine[:3, 3] += self.affine[:3, :3] @ np.asarray(start, float)
        return Grid(shape, affine)
