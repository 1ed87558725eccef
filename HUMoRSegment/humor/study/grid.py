"""Voxel grids in world space: shape plus affine, for any order of array axes; and whether a head fits.

An image's geometry is checked from its header alone, before anything is allocated.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

import numpy as np

from ..errors import InputError
from ..memory.available import GB, main_memory

WORKING_AXES = np.array([[0.0, 0.0, 1.0], [0.0, -1.0, 0.0], [-1.0, 0.0, 0.0]])
"""World directions (rows, RAS) of the working grid's array axes: Superior, Posterior, Left."""
SMALLEST_AXIS = 8  # voxels; less is a localiser or a slice, not a head
SPACING_MM = (0.05, 20.0)
EXTENT_MM = (20.0, 600.0)  # a mouse's brain to a head with its shoulders
# Peak bytes per voxel of a working grid while a case is built: float32 values of every sequence, and masks.
BYTES_PER_CASE_VOXEL = 40
SHARE_OF_MEMORY = 0.8


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


def check_geometry(path: Path, grid: Grid, bytes_per_voxel: int = 1) -> None:
    """Whether a head can lie on this grid, and whether its voxels fit in memory.

    Args:
        path: the file, for the message.
        grid: where its header puts the voxels.
        bytes_per_voxel: of its number type.

    Raises:
        InputError: the affine is not valid, an axis is too short or too long, voxels are smaller than
            0.05 mm or larger than 20 mm, or there are more of them than memory has room for.
    """
    if not np.isfinite(grid.affine).all():
        raise InputError(f"{path}: its affine has values that are not numbers. Export it again.")
    spacing = np.array(grid.spacing)
    if spacing.min() <= 1e-6 or abs(np.linalg.det(grid.affine[:3, :3])) < 1e-6 * spacing.prod():
        raise InputError(
            f"{path}: its affine is singular (voxel sizes {spacing.round(4).tolist()} mm), so no "
            "place in the patient belongs to its voxels. Export it again with valid geometry."
        )
    if min(grid.shape) < SMALLEST_AXIS:
        raise InputError(
            f"{path}: an image of {grid.shape} voxels is too thin to segment "
            f"(at least {SMALLEST_AXIS} along every axis). Give the whole 3-D sequence."
        )
    _check_range(path, "voxel sizes", spacing, SPACING_MM)
    _check_range(path, "extents", spacing * np.array(grid.shape), EXTENT_MM)
    needed = int(np.prod(grid.shape, dtype=np.float64)) * bytes_per_voxel
    _check_memory(f"{path} has {_times(grid.shape)} voxels and", needed)


def check_working_grid(path: Path, grid: Grid) -> None:
    """Whether a case on this grid fits in memory.

    Args:
        path: the file of the sequence whose grid results are wanted on, for the message.
        grid: the case's, not yet allocated.

    Raises:
        InputError: it does not fit.
    """
    needed = int(np.prod(grid.shape, dtype=np.float64)) * BYTES_PER_CASE_VOXEL
    _check_memory(
        f"{path} and its study's other images need a working grid of {_times(grid.shape)}, which", needed
    )


def check_file_size(path: Path, size: int) -> None:
    """Whether a file's bytes fit in memory, before any are read.

    Raises:
        InputError: they do not.
    """
    _check_memory(f"{path} has {size / 1e9:.1f} GB and", size)


def _check_range(path: Path, what: str, values: np.ndarray, limits: tuple[float, float]) -> None:
    low, high = limits
    if values.min() < low * (1 - 1e-3) or values.max() > high * (1 + 1e-3):
        raise InputError(
            f"{path}: its header gives {what} of {_times(f'{value:.4g}' for value in values)} mm; those of a "
            f"head lie between {low:g} and {high:g} mm. Check the file's units and voxel sizes, and export "
            "it again."
        )


def _check_memory(sentence: str, needed: int) -> None:
    memory = main_memory()
    if needed > SHARE_OF_MEMORY * memory.free:
        raise InputError(
            f"{sentence} would take {needed / GB:.1f} GB of memory; {memory} are free. "
            "Crop or resample the image, or use a machine with more memory."
        )


def _times(values: object) -> str:
    return " × ".join(str(value) for value in values)  # type: ignore[attr-defined]
