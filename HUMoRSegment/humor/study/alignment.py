"""Whether the sequences of a case lie on each other, found out on every run.

Sequences whose edges agree are linked; what is linked with nothing, or only with the smaller part of the
study, is looked at again: can it be moved, or mirrored, so that its edges do agree? A sequence of poor
quality agrees little wherever it lies, so it takes more than a low agreement to be called misplaced.

``python -m benchmarks.alignment`` measures what is noticed; all limits were chosen on ``train/``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from ..sequences import SEQUENCES
from ..warnings import RunWarning, warn
from .coarse import Coarse, coarsen
from .edges import Edges, agreement, find_edges
from .grid import Grid
from .registration import QUICK, rigid_move, size_of
from .volume import Volume

COARSE_MM = 2.0
SEARCH_MM = 4.0  # for the search of a better place: precise to about 1 mm and 1 degree
FEWEST_ML = 150.0  # of brain, without its rim, that two sequences must both show
LINKED = 0.2
"""Agreement from which on two sequences lie on each other."""
POOR = 0.12
"""Agreement that another patient's sequence never has; a blurred one of the right patient has it."""
BETTER = 1.4  # times the agreement in place: so much a better place must bring
LEAST_MOVE = 3.0  # mm, and
LEAST_TURN = 3.0  # degrees: less is within what the search itself errs

MOVED, MIRRORED, OTHER = "moved", "mirrored", "other"


@dataclass(frozen=True)
class Misplaced:
    """A sequence that does not lie on the others.

    Attributes:
        sequence: which.
        target: the sequence that it was compared with; the others agree with that one.
        kind: ``moved``, ``mirrored`` (left and right are exchanged), or ``other``: it shows another head,
            or is too poor to tell.
        shift_mm: how far its centre lies from where it should be; 0 unless moved.
        turn_degrees: how far it is turned; 0 unless moved.
    """

    sequence: str
    target: str
    kind: str
    shift_mm: float = 0.0
    turn_degrees: float = 0.0


def find_misplaced(
    image: np.ndarray, own: Mapping[str, np.ndarray], grid: Grid, reference: str
) -> list[Misplaced]:
    """The sequences of a case that do not lie on the others.

    Args:
        image: float32 ``[4, D, H, W]`` as in a case.
        own: sequence → bool ``[D, H, W]``, its own foreground; only the sequences that are there.
        grid: of both.
        reference: where two halves of a study contradict each other, its half is right.
    """
    if len(own) < 2:
        return []
    seen = {name: coarsen(image[SEQUENCES.index(name)], mask, grid, COARSE_MM) for name, mask in own.items()}
    edges = {name: find_edges(each.image, each.mask) for name, each in seen.items()}
    fewest = int(FEWEST_ML / next(iter(seen.values())).grid.voxel_ml)
    found = {pair: agreement(edges[pair[0]], edges[pair[1]], fewest) for pair in combinations(own, 2)}
    scores = {frozenset(pair): score for pair, score in found.items() if score is not None}
    right = _largest_group(list(own), scores, reference)
    misplaced = []
    for name in own:
        near = {other: scores[key] for other in right if (key := frozenset((name, other))) in scores}
        if name in right or not near:
            continue
        target = max(near, key=near.__getitem__)
        misplaced += _explained(name, target, near[target], seen, edges[target], fewest)
    return misplaced


def alignment_warnings(misplaced: Iterable[Misplaced], volumes: Mapping[str, Volume]) -> list[RunWarning]:
    """What the user should know of each, and do."""
    return [_warning(each, volumes[each.sequence].path.name) for each in misplaced]


def _warning(found: Misplaced, file: str) -> RunWarning:
    where = {"file": file, "sequence": found.sequence, "target": found.target}
    if found.kind != MOVED:
        return warn("misplaced_mirrored" if found.kind == MIRRORED else "misplaced_other", **where)
    shift, turn = {"shift_mm": found.shift_mm}, {"turn_degrees": found.turn_degrees}
    if found.turn_degrees < LEAST_TURN:
        return warn("misplaced_shifted", **where, **shift)
    if found.shift_mm < LEAST_MOVE:
        return warn("misplaced_turned", **where, **turn)
    return warn("misplaced_shifted_and_turned", **where, **shift, **turn)


def _largest_group(names: list[str], scores: Mapping[frozenset[str], float], reference: str) -> set[str]:
    """The sequences that are linked with each other, directly or through others."""
    groups = [{name} for name in names]
    for pair, score in scores.items():
        if score >= LINKED:
            joined = [group for group in groups if group & pair]
            groups = [group for group in groups if not group & pair] + [set().union(*joined)]
    return max(groups, key=lambda group: (len(group), reference in group))


def _explained(
    name: str, target: str, score: float, seen: Mapping[str, Coarse], wanted: Edges, fewest: int
) -> list[Misplaced]:
    """What is wrong with a sequence that agrees with its target by no more than ``score``."""
    move, found = _best_place(seen[target], seen[name], wanted, fewest)
    mirrored = 0.0
    if found < LINKED:  # a sequence that was only moved fits better
        _, mirrored = _best_place(seen[target], seen[name].mirrored(), wanted, fewest)
    if mirrored >= max(POOR, BETTER * score, found):
        return [Misplaced(name, target, MIRRORED)]
    shift, turn = size_of(move, seen[name].grid)
    if found >= BETTER * score and found >= POOR and (shift >= LEAST_MOVE or turn >= LEAST_TURN):
        return [Misplaced(name, target, MOVED, round(shift, 1), round(turn, 1))]
    return [Misplaced(name, target, OTHER)] if score < POOR else []


def _best_place(target: Coarse, moving: Coarse, wanted: Edges, fewest: int) -> tuple[np.ndarray, float]:
    """The rigid move (4×4) that fits one sequence best to another, and the agreement there."""
    move, _, _ = rigid_move(target.at(SEARCH_MM), moving.at(SEARCH_MM), QUICK)
    there = moving.moved(move)
    score = agreement(wanted, find_edges(there.image, there.mask), fewest)
    return move, score if score is not None else 0.0
