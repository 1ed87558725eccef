"""Where the patient lies, and what is drawn there: the image grid, simple bodies, smooth noise.

Coordinates are millimetres from the anterior commissure: x to the left, y to the back, z up, which
is the order and direction of the array axes (LPS). Everything smooth is computed on a lattice of
2 mm and interpolated to the voxels; only what has edges is computed on the voxels themselves.

Bodies are signed distances (mm, negative inside), as in implicit modelling; the one of the ellipsoid is a
first-order approximation, exact on its surface. Seeded noise is what makes formulas look grown.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise

import numpy as np
from scipy import ndimage

FIELD_OF_VIEW = (240.0, 240.0, 155.0)
ORIGIN = (120.0, 122.0, 66.0)  # of the coordinates, in mm from the first voxel's centre
BOX = ((-82.0, 82.0), (-82.0, 114.0), (-80.0, 88.0))  # beyond the head, and below the image
STEP = 2.0
Points = tuple[np.ndarray, np.ndarray, np.ndarray]
Triple = tuple[float, float, float]
_BLOCK = 48


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


def ellipsoid(points: Points, centre: Triple, radii: Triple) -> np.ndarray:
    """An ellipsoid with its axes along x, y and z."""
    scaled = [(p - c) / r for p, c, r in zip(points, centre, radii, strict=True)]
    k0 = np.sqrt(sum(s**2 for s in scaled))
    k1 = np.sqrt(sum((s / r) ** 2 for s, r in zip(scaled, radii, strict=True)))
    return k0 * (k0 - 1) / np.maximum(k1, 1e-6)


def tube(points: Points, path: Sequence[tuple[float, float, float, float]]) -> np.ndarray:
    """A tube along corner points ``(x, y, z, radius)``; the radius changes evenly between two corners."""
    distance = np.full(points[0].shape, np.inf, np.float32)
    for start, end in pairwise(path):
        step = np.subtract(end[:3], start[:3])
        offset = [p - s for p, s in zip(points, start[:3], strict=True)]
        along = sum(o * s for o, s in zip(offset, step, strict=True)) / float(step @ step)
        along = np.clip(along, 0, 1)
        gap = np.sqrt(sum((o - along * s) ** 2 for o, s in zip(offset, step, strict=True)))
        distance = np.minimum(distance, gap - (start[3] + along * (end[3] - start[3])))
    return distance


def sheet(*excess: np.ndarray) -> np.ndarray:
    """Distance to a thin bounded sheet, from how far a point lies outside it along each direction."""
    return np.sqrt(sum(np.maximum(e, 0) ** 2 for e in excess))


def join(*distances: np.ndarray, blend: float = 0.0) -> np.ndarray:
    """Union of bodies; ``blend`` (mm) rounds the seam (polynomial smooth minimum)."""
    result = distances[0]
    for other in distances[1:]:
        if blend > 0:
            h = np.clip(0.5 + 0.5 * (result - other) / blend, 0, 1)
            result = result + h * (other - result) - blend * h * (1 - h)
        else:
            result = np.minimum(result, other)
    return result


def coverage(distance: np.ndarray, voxel: float) -> np.ndarray:
    """The part of a voxel (0 to 1) that a body covers, from its distance to the voxel's centre."""
    return np.clip(0.5 - distance / voxel, 0, 1)


def smooth_noise(rng: np.random.Generator, space: Space, grain: float) -> np.ndarray:
    """A field on the lattice with standard deviation near 1 that changes over ``grain`` mm.

    Random numbers every ``grain`` mm are the weights of cubic B-splines, so it is smooth.
    """
    matrices, counts = [], []
    for axis in space.lattice_axes:
        position = (axis - axis[0]) / grain + 1
        count = int(np.ceil(position[-1])) + 2
        matrices.append(_cubic_b_spline(position[:, None] - np.arange(count)[None]))
        counts.append(count)
    control = rng.standard_normal(counts).astype(np.float32)
    return apply_along_axes(control, matrices) / np.float32(0.48**1.5)


def _cubic_b_spline(t: np.ndarray) -> np.ndarray:
    t = np.abs(t)
    near = 2 / 3 - t**2 + t**3 / 2
    far = (2 - t) ** 3 / 6
    return np.where(t < 1, near, np.where(t < 2, far, 0)).astype(np.float32)


def roughen(rng: np.random.Generator, space: Space, points: Points) -> Points:
    """Lattice points shaken by a few millimetres over short distances, for what is ragged or winding."""
    x, y, z = (p + 1.5 * smooth_noise(rng, space, 9) for p in points)
    return (x, y, z)


class BandNoise:
    """Periodic noise of wavelengths between two bounds (mm), standard deviation 1, for any points."""

    def __init__(self, rng: np.random.Generator, shortest: float, longest: float) -> None:
        self.step = shortest / 5
        frequency = np.fft.fftfreq(_BLOCK, self.step)
        radius = np.sqrt(sum(f**2 for f in np.meshgrid(frequency, frequency, frequency, indexing="ij")))
        band = (radius >= 1 / longest) & (radius <= 1 / shortest)
        spectrum = np.fft.fftn(rng.standard_normal((_BLOCK,) * 3)) * band
        block = np.fft.ifftn(spectrum).real
        self.block = (block / block.std()).astype(np.float32)

    def __call__(self, points: Points) -> np.ndarray:
        """The field at points given in mm (quadratic interpolation)."""
        where = np.stack([p / self.step for p in points])
        return ndimage.map_coordinates(self.block, where, order=2, mode="grid-wrap", output=np.float32)
