"""Where the patient lies: the image grid, the box drawn in it, and a coarse lattice of points in mm.

Coordinates are millimetres from the anterior commissure: x to the left, y to the back, z up, which
is the order and direction of the array axes (LPS). Everything smooth is computed on a lattice of
2 mm and interpolated to the voxels; only what has edges is computed on the voxels themselves.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from humor.sample.shapes import Points

FIELD_OF_VIEW = (240.0, 240.0, 155.0)
ORIGIN = (120.0, 122.0, 66.0)  # of the coordinates, in mm from the first voxel's centre
BOX = ((-82.0, 82.0), (-82.0, 114.0), (-80.0, 88.0))  # beyond the head, and below the image
STEP = 2.0


class Space:
    """The grid of a sample study.

    Args:
        spacing: voxel edge in mm; 1 gives the 240 × 240 × 155 voxels of BraTS.
    """

    def __init__(self, spacing: float = 1.0) -> None:
        self.spacing = float(spacing)
        self.shape = tuple(round(length / spacing) for length in FIELD_OF_VIEW)
        self.affine = np.diag([-spacing, -spacing, spacing, 1.0])
        self.affine[1, 3] = FIELD_OF_VIEW[1] - 1

    @cached_property
    def box(self) -> tuple[slice, slice, slice]:
        """The part of the image that is drawn; the rest is background."""
        slices = []
        for axis, (low, high) in enumerate(BOX):
            first = int(np.ceil((low + ORIGIN[axis]) / self.spacing))
            last = int(np.floor((high + ORIGIN[axis]) / self.spacing))
            slices.append(slice(max(first, 0), min(last + 1, self.shape[axis])))
        return (slices[0], slices[1], slices[2])

    @cached_property
    def lattice_axes(self) -> list[np.ndarray]:
        """Coordinates (mm) of the 2 mm lattice along each axis."""
        return [np.arange(low, high + STEP / 2, STEP, dtype=np.float32) for low, high in BOX]

    @cached_property
    def voxel_axes(self) -> list[np.ndarray]:
        """Coordinates (mm) of the box's voxel centres along each axis."""
        return [
            np.arange(part.start, part.stop, dtype=np.float32) * np.float32(self.spacing) - np.float32(start)
            for part, start in zip(self.box, ORIGIN, strict=True)
        ]

    @cached_property
    def lattice(self) -> Points:
        """Coordinates (mm) of the lattice points, three arrays of the lattice's shape."""
        x, y, z = np.meshgrid(*self.lattice_axes, indexing="ij")
        return (x, y, z)

    def to_voxels(self, field: np.ndarray) -> np.ndarray:
        """Interpolate a field from the lattice to the box's voxels (linear, float32)."""
        weights = [
            _linear_weights(fine, coarse)
            for fine, coarse in zip(self.voxel_axes, self.lattice_axes, strict=True)
        ]
        return apply_along_axes(field, weights)


def apply_along_axes(field: np.ndarray, matrices: list[np.ndarray]) -> np.ndarray:
    """Multiply a matrix ``[out, in]`` to each of the three axes of a field."""
    for axis in range(3):
        # Each pass takes the first axis and puts the new one last: after three, the order is back.
        field = np.tensordot(field, matrices[axis], axes=(0, 1))
    return field


def _linear_weights(fine: np.ndarray, coarse: np.ndarray) -> np.ndarray:
    """The matrix ``[fine, coarse]`` of linear interpolation."""
    gap = np.abs(fine[:, None] - coarse[None]) / (coarse[1] - coarse[0])
    return np.clip(1 - gap, 0, None).astype(np.float32)
