"""The folded cortex: sulci are thin sheets that reach in from the surface of the cerebrum.

The sheets are the zero level of band-passed noise, read at each point's projection to the surface so
that they stand upright on it; about 12 mm apart at the surface, they leave winding gyri between them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from humor.sample.anatomy import Anatomy
from humor.sample.noise import BandNoise
from humor.sample.shapes import Points
from humor.sample.space import STEP, Space

_GYRUS = (13.0, 24.0)  # shortest and longest wavelength, mm
_MEAN_RADIUS = 40.0


@dataclass(frozen=True)
class Folds:
    """On the lattice, mm.

    Attributes:
        sulcus: signed distance to the middle of the nearest sulcus, wherever that would end.
        reach: how deep sulci go there.
        radius: distance from the axis of the hemisphere, towards which all sulci would meet.
        vein: signed distance to a second set of sheets; where it crosses a sulcus runs a vessel.
    """

    sulcus: np.ndarray
    reach: np.ndarray
    radius: np.ndarray
    vein: np.ndarray


def draw_folds(rng: np.random.Generator, space: Space, anatomy: Anatomy) -> Folds:
    """Draw the sulci of one patient."""
    surface, radius = _project(anatomy.points)
    sulcus = BandNoise(rng, *_GYRUS)(surface)
    depth = BandNoise(rng, 30, 70)(surface)
    vein = BandNoise(rng, 22, 45)(anatomy.points)
    return Folds(
        sulcus=_as_distance(sulcus),
        reach=np.clip(14 + 6 * depth, 3, 26),
        radius=radius,
        vein=_as_distance(vein),
    )


def _project(points: Points) -> tuple[Points, np.ndarray]:
    """Points moved most of the way along the radius of their hemisphere to its surface.

    What remains of the depth bends the sulci a little. Also returns the distance from that axis.
    """
    x, y, z = points
    side = np.where(x < 0, -1, 1).astype(np.float32)
    axis = (30 * side, np.clip(y, -32, 58), np.float32(8.0) + 0 * z)
    offset = [p - a for p, a in zip(points, axis, strict=True)]
    length = np.sqrt(sum(o**2 for o in offset)) + 1e-3
    radius = _MEAN_RADIUS + 0.3 * (length - _MEAN_RADIUS)
    on_surface = [a + radius * o / length for a, o in zip(axis, offset, strict=True)]
    # The halves must not mirror each other across the midline.
    return (on_surface[0] + 60 * side, on_surface[1], on_surface[2]), length


def _as_distance(field: np.ndarray) -> np.ndarray:
    """Turn a smooth field into a signed distance (mm) to its zero level: value over slope."""
    slopes = np.gradient(field, STEP)
    steepness = np.sqrt(sum(s**2 for s in slopes))
    return field / (steepness + np.float32(0.02))
