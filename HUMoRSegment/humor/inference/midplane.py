"""The plane between the left and the right half of a head, found from the shape of the brain alone."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

STEP_MM = 8.0  # between the points of the brain that are mirrored
# Offset from the brain's centre (mm), then tilts (degrees) of the plane towards the first two axes: all
# of the first, then finer ones around the best.
ROUNDS = (
    ((-6.0, -3.0, 0.0, 3.0, 6.0), (-15.0, -10.0, -5.0, 0.0, 5.0, 10.0, 15.0)),
    ((-1.5, 0.0, 1.5), (-2.5, 0.0, 2.5)),
)


@dataclass(frozen=True)
class Plane:
    """A plane among the voxels of a grid with isotropic voxels.

    Attributes:
        normal: unit vector, nearly along the last axis.
        offset: ``normal · index`` of its points, in voxels.
    """

    normal: np.ndarray
    offset: float

    def distance(self, points: np.ndarray) -> np.ndarray:
        """How far ``points[N, 3]`` (indices) lie from the plane, in voxels; below 0 on one side."""
        return points @ self.normal - self.offset

    def mirror(self, points: np.ndarray) -> np.ndarray:
        """The mirror images of ``points[N, 3]`` (indices)."""
        return points - 2 * self.distance(points)[:, None] * self.normal


def find_midplane(brain: np.ndarray, spacing_mm: float) -> Plane:
    """The plane across which most of the brain is brain again.

    Args:
        brain: bool ``[D, H, W]``, the last axis from right to left.
        spacing_mm: edge of its voxels.
    """
    step = max(1, round(STEP_MM / spacing_mm))
    points = np.argwhere(brain[::step, ::step, ::step]).astype(float) * step
    centre = points.mean(0) if len(points) else (np.array(brain.shape) - 1) / 2
    best = (0.0, 0.0, 0.0)
    for offsets, tilts in ROUNDS:
        tried = [
            (best[0] + offset, best[1] + first, best[2] + second)
            for offset, first, second in product(offsets, tilts, tilts)
        ]
        # Where several are as good, the one that is nearest to the plain middle.
        best = max(
            tried,
            key=lambda t: (
                at(brain, _plane(centre, spacing_mm, *t).mirror(points)).mean(),
                -sum(map(abs, t)),
            ),
        )
    return _plane(centre, spacing_mm, *best)


def at(mask: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Whether the mask is true at the voxels nearest to ``points[N, 3]`` (indices); outside it is not."""
    index = np.rint(points).astype(int)
    inside = ((index >= 0) & (index < mask.shape)).all(axis=1)
    found = np.zeros(len(points), bool)
    found[inside] = mask[tuple(index[inside].T)]
    return found


def _plane(centre: np.ndarray, spacing_mm: float, offset_mm: float, first: float, second: float) -> Plane:
    tilts = np.sin(np.radians([first, second]))
    normal = np.array([*tilts, np.sqrt(1 - (tilts**2).sum())])
    return Plane(normal, float(centre @ normal + offset_mm / spacing_mm))
