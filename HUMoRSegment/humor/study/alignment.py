"""Whether the sequences of a case lie on each other, found out on every run.

Between two sequences of a head brightness changes in any way, but where one has an edge the other mostly
has one too, of the same direction. That is the idea of normalised gradient fields (Haber and
Modersitzki 2006, MICCAI, LNCS 4191:726-733). Of voxels of 2 mm the folds of the brain's surface are left,
which no two people share, so that one patient in another's place is noticed too.

Sequences whose edges agree are linked; what is linked with nothing, or only with the smaller part of the
study, is looked at again: can it be moved, or mirrored, so that its edges do agree? A sequence of poor
quality agrees little wherever it lies, so it takes more than a low agreement to be called misplaced.

``python -m benchmarks.alignment`` measures what is noticed; all limits were chosen on ``train/``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np

from ..sequences import SEQUENCES
from ..warnings import RunWarning, warn
from .grid import Grid
from .registration import QUICK, Picture, picture, rigid_move, size_of
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
RIM = 2  # voxels of the mask's rim that do not count: two skull-stripped brains always share their outlines


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


@dataclass(frozen=True)
class Coarse:
    """One sequence.

    Attributes:
        image: float32 ``[D, H, W]``, 0 outside the mask.
        mask: bool ``[D, H, W]``, the sequence's own foreground.
        grid: of both; its last axis points to the patient's left.
    """

    image: np.ndarray
    mask: np.ndarray
    grid: Grid

    def at(self, spacing: float) -> Picture:
        """The image on voxels of about ``spacing`` mm, ready for registration."""
        coarser = coarsen(self.image, self.mask, self.grid, spacing)
        return picture(coarser.image, coarser.grid)

    def moved(self, move: np.ndarray) -> Coarse:
        """The same, elsewhere: ``move`` (4×4) leads from a place in the world to where its values are."""
        from scipy import ndimage

        index = np.linalg.solve(self.grid.affine, move @ self.grid.affine)
        image, mask = (
            ndimage.affine_transform(values, index[:3, :3], index[:3, 3], order=1)
            for values in (self.image, self.mask.astype(np.float32))
        )
        return Coarse(image, mask >= 0.5, self.grid)

    def mirrored(self) -> Coarse:
        """Left and right exchanged, about the middle of the grid."""
        return Coarse(self.image[:, :, ::-1], self.mask[:, :, ::-1], self.grid)


def coarsen(image: np.ndarray, mask: np.ndarray, grid: Grid, spacing: float) -> Coarse:
    """Mean values of blocks of voxels that are about ``spacing`` mm large; what is left over is cut off.

    Args:
        image: float32 ``[D, H, W]``.
        mask: bool ``[D, H, W]``; a block is in it if its first voxel is.
        grid: of both.
        spacing: mm.
    """
    steps = [max(1, round(spacing / length)) for length in grid.spacing]
    lengths = [length // step for length, step in zip(image.shape, steps, strict=True)]
    total = np.zeros(lengths, np.float32)
    for part in _parts(image, steps, lengths):  # faster than a mean over three axes of six
        total += part
    chosen = next(_parts(mask, steps, lengths))
    affine = grid.affine @ np.diag([*steps, 1.0])
    affine[:3, 3] += grid.affine[:3, :3] @ ((np.array(steps) - 1) / 2)
    shape = (int(lengths[0]), int(lengths[1]), int(lengths[2]))
    return Coarse(total * chosen / np.float32(np.prod(steps)), chosen, Grid(shape, affine))


def _parts(array: np.ndarray, steps: list[int], lengths: list[int]) -> Iterator[np.ndarray]:
    """For each place in a block, the voxels that lie there in all blocks."""
    for starts in product(*map(range, steps)):
        yield array[
            tuple(
                slice(start, start + step * length, step)
                for start, step, length in zip(starts, steps, lengths, strict=True)
            )
        ]


@dataclass(frozen=True)
class Edges:
    """The edges of one image.

    Attributes:
        directions: float32 ``[3, D, H, W]``: gradients divided by their length and a little more, so that
            edges have a length near 1, and noise has one near 0.
        inside: bool ``[D, H, W]``, where they count.
    """

    directions: np.ndarray
    inside: np.ndarray


def find_edges(image: np.ndarray, mask: np.ndarray) -> Edges:
    """Edges of ``image[D, H, W]`` (float32) inside ``mask`` (bool), without the mask's rim.

    What a gradient must have to be more than noise is the median of the gradients' lengths.
    """
    from scipy import ndimage

    inside = ndimage.binary_erosion(mask, iterations=RIM)
    directions = np.stack(np.gradient(image))
    squares = np.einsum("cijk,cijk->ijk", directions, directions)
    typical = float(np.median(squares[inside])) if inside.any() else 0.0
    directions /= np.sqrt(squares + max(typical, np.finfo(np.float32).tiny))
    return Edges(directions, inside)


def agreement(one: Edges, other: Edges, fewest: int) -> float | None:
    """How well the edges of two images agree: 1 the same, 0 as good as chance, below 0 worse.

    The mean over the voxels inside both of ``(a·b)² − |a|²|b|²/3``, which is 0 on the average for
    directions that have nothing to do with each other, divided by what it would be if all were parallel.

    Args:
        one, other: on one grid.
        fewest: voxels inside both that are needed to say anything.

    Returns:
        None where the two show too little of the same place.
    """
    both = np.flatnonzero(one.inside & other.inside)
    if both.size < fewest:
        return None
    a = one.directions.reshape(3, -1)[:, both]
    b = other.directions.reshape(3, -1)[:, both]
    lengths_a, lengths_b = (a * a).sum(0), (b * b).sum(0)
    most = float(np.sqrt((lengths_a**2).sum() * (lengths_b**2).sum())) * 2 / 3
    parallel = float(((a * b).sum(0) ** 2 - lengths_a * lengths_b / 3).sum())
    return parallel / most if most > 0 else 0.0
