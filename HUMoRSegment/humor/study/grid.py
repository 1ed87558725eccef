"""Voxel grids in world space: shape plus affine, for any order of array axes."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations

import numpy as np

WORKING_AXES = np.array([[0.0, 0.0, 1.0], [0.0, -1.0, 0.0], [-1.0, 0.0, 0.0]])
"""World directions (rows, RAS) of the working grid's array axes: Superior, Posterior, Left."""


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
        shift = (self.affine - other.affine) @ self.corners()
        return bool(np.abs(shift).max() <= tolerance_mm)

    def crop(self, start: tuple[int, int, int], shape: tuple[int, int, int]) -> Grid:
        """The grid of ``array[start : start + shape]``; start may be negative (padding)."""
        affine = self.affine.copy()
        affine[:3, 3] += self.affine[:3, :3] @ np.asarray(start, float)
        return Grid(shape, affine)

    def index_of(self, other: Grid) -> np.ndarray:
        """4×4 from an index of ``other`` to the (fractional) index here of the same place."""
        return np.linalg.solve(self.affine, other.affine)

    def corners(self) -> np.ndarray:
        """Homogeneous indices ``[4, 8]`` of the eight corner voxels' centres."""
        corners = np.array(np.meshgrid(*[(0, n - 1) for n in self.shape], [1.0], indexing="ij"), float)
        return corners.reshape(4, -1)

    def to_working_axes(self) -> Grid:
        """The same voxels, axes permuted and flipped to Superior, Posterior, Left as nearly as can be."""
        directions = self.affine[:3, :3] / np.linalg.norm(self.affine[:3, :3], axis=0)
        cosines = WORKING_AXES @ directions  # [working axis, own axis]
        order = max(permutations(range(3)), key=lambda axes: np.abs(cosines[range(3), axes]).sum())
        affine = self.affine.copy()
        for axis, own in enumerate(order):
            step = self.affine[:3, own]
            if cosines[axis, own] < 0:
                affine[:3, 3] += step * (self.shape[own] - 1)
                step = -step
            affine[:3, axis] = step
        return Grid((self.shape[order[0]], self.shape[order[1]], self.shape[order[2]]), affine)

    def with_spacing(self, spacing: float) -> Grid:
        """The same extent and directions with isotropic voxels of ``spacing`` mm, centre on centre."""
        scale = spacing / np.array(self.spacing)
        shape = np.maximum(1, np.round(np.array(self.shape) / scale)).astype(int)
        affine = self.affine.copy()
        affine[:3, :3] = self.affine[:3, :3] * scale
        centre = self.affine[:3, :3] @ ((np.array(self.shape) - 1) / 2) + self.affine[:3, 3]
        affine[:3, 3] = centre - affine[:3, :3] @ ((shape - 1) / 2)
        return Grid((int(shape[0]), int(shape[1]), int(shape[2])), affine)
