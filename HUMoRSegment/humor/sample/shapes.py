"""Signed distances (mm, negative inside) to the simple bodies that anatomy is put together from.

Points are three arrays of one shape. The formulas are those of implicit modelling; the one of the
ellipsoid is a first-order approximation, exact on its surface.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

Points = tuple[np.ndarray, np.ndarray, np.ndarray]
Triple = tuple[float, float, float]


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
