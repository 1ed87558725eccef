"""What a result looks like as a whole: mirrored or not, how large, where, in how many pieces.

A glioma lies mostly on one side. A network that is shown what it was not made for (a sequence in another's
role, a head with its skull) marks the same places left and right of the head's mid-plane instead. That
plane is found from the shape of the brain alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from ..box import bounding_box
from ..study.case import Case

BESIDE_MM = 10.0
"""What lies nearer to the mid-plane is no sign: a tumour that crosses it is mirrored there."""
FEWEST_BESIDE_ML = 1.0
MOST_POINTS = 40_000  # of the tumour: more change the third digit only
STEP_MM = 8.0  # between the points of the brain that are mirrored
# Offset from the brain's centre (mm), then tilts (degrees) of the plane towards the first two axes: all
# of the first, then finer ones around the best.
ROUNDS = (
    ((-6.0, -3.0, 0.0, 3.0, 6.0), (-15.0, -10.0, -5.0, 0.0, 5.0, 10.0, 15.0)),
    ((-1.5, 0.0, 1.5), (-2.5, 0.0, 2.5)),
)


@dataclass(frozen=True)
class Plausibility:
    """Numbers about the whole tumour.

    Attributes:
        symmetry: of what lies 10 mm and more from the head's mid-plane, the share whose mirror image is
            whole tumour too; None where less than 1 ml does.
        share_of_brain: its volume by that of the brain (of the head, where the skull is still there).
        outside_brain: share of it outside the brain (or head).
        pieces: how many connected parts (26 neighbours) it has.
    """

    symmetry: float | None
    share_of_brain: float
    outside_brain: float
    pieces: int


def plausibility(whole: np.ndarray, case: Case) -> Plausibility | None:
    """Look at a whole tumour.

    Args:
        whole: bool, on ``case.native``.
        case: what was segmented.

    Returns:
        None where there is no tumour.
    """
    box = bounding_box(whole)
    if box is None:
        return None
    from scipy import ndimage

    inside = np.argwhere(whole[box])
    points = inside[:: -(-len(inside) // MOST_POINTS)] + [part.start for part in box]
    to_case = case.grid.index_of(case.native)
    places = points @ to_case[:3, :3].T + to_case[:3, 3]
    brain_ml = int(np.count_nonzero(case.brain)) * case.grid.voxel_ml
    return Plausibility(
        symmetry=_symmetry(whole, places, case, len(inside) / len(points) * case.native.voxel_ml),
        share_of_brain=len(inside) * case.native.voxel_ml / brain_ml,
        outside_brain=float(1 - at(case.brain, places).mean()),
        pieces=int(ndimage.label(whole[box], np.ones((3, 3, 3)))[1]),
    )


def _symmetry(whole: np.ndarray, places: np.ndarray, case: Case, ml_each: float) -> float | None:
    """See ``Plausibility``; ``places[N, 3]`` are indices of the case's grid, each for ``ml_each`` ml."""
    plane = find_midplane(case.brain, case.grid.spacing[0])
    beside = places[np.abs(plane.distance(places)) * case.grid.spacing[0] >= BESIDE_MM]
    if len(beside) * ml_each < FEWEST_BESIDE_ML:
        return None
    to_native = case.native.index_of(case.grid)
    return float(at(whole, plane.mirror(beside) @ to_native[:3, :3].T + to_native[:3, 3]).mean())


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
