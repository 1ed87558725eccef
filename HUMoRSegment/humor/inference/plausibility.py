"""What a result looks like as a whole: mirrored or not, how large, where, in how many pieces.

A glioma lies mostly on one side. A network that is shown what it was not made for (a sequence in another's
role, a head with its skull) marks the same places left and right of the head's mid-plane instead.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..box import bounding_box
from ..study.case import Case
from .midplane import at, find_midplane

BESIDE_MM = 10.0
"""What lies nearer to the mid-plane is no sign: a tumour that crosses it is mirrored there."""
FEWEST_BESIDE_ML = 1.0
MOST_POINTS = 40_000  # of the tumour: more change the third digit only


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
