"""Which thresholds give the best Dice: all of them tried at once, nested as the engine nests.

A network that was trained with dropped sequences need not be calibrated: it may claim too much of one
region and too little of another, and then 0.5 is not where Dice is best.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from humor.inference.postprocessing import limit_of
from humor.regions import REGION_KEYS, USUAL_THRESHOLD

LEVELS = np.array([0.02, *np.round(np.linspace(0.05, 0.95, 19), 2), 0.98], np.float32)
"""Thresholds that are tried."""

LIMITS = np.array([limit_of(level) for level in LEVELS], np.float32)


@dataclass(frozen=True)
class Choice:
    """Attributes:
    thresholds: region → chosen threshold.
    dice: region → mean Dice with them.
    usual_dice: region → mean Dice with ``USUAL_THRESHOLD`` for all.
    """

    thresholds: dict[str, float]
    dice: dict[str, float]
    usual_dice: dict[str, float]


@dataclass
class ThresholdSweep:
    """Mean Dice of every combination of ``LEVELS`` for every patient, over all results that were added.

    Dice is counted as by ``measures.dice``: 1 where neither result nor truth has the region, so that
    thresholds which invent a region are paid for.
    """

    _sums: dict[str, np.ndarray] = field(default_factory=dict)
    _results: Counter[str] = field(default_factory=Counter)

    def add(self, patient: str, probabilities: np.ndarray, truth: np.ndarray) -> None:
        """Count one result.

        Args:
            patient: whose it is.
            probabilities: of regions, float32 ``[3, D, H, W]``, nested.
            truth: bool ``[3, D, H, W]``.
        """
        near = probabilities[0] >= LIMITS[0]  # all others belong to no region at any level
        passed = np.digitize(probabilities[:, near], LIMITS)
        found = _reached(passed)
        dice = self._sums.setdefault(patient, np.zeros((len(REGION_KEYS), *[len(LEVELS)] * 3)))
        for region, marked in enumerate(truth):
            both = _reached(passed[:, marked[near]])
            sizes = _of_region(found, region) + int(marked.sum())
            dice[region] += _dice(_of_region(both, region), sizes)
        self._results[patient] += 1

    def best(self) -> Choice:
        """The combination nearest ``USUAL_THRESHOLD`` that is not clearly worse than the best.

        Not clearly: its mean over regions is behind by no more than one standard error over patients (the
        one-standard-error rule of Breiman et al. 1984). The few patients that are held out in a small
        training would else decide between thresholds that others need not share.

        Raises:
            ValueError: nothing was added.
        """
        if not self._sums:
            raise ValueError("no result was added to the sweep")
        of_patients = np.stack([total / self._results[patient] for patient, total in self._sums.items()])
        mean, totals = of_patients.mean(axis=0), of_patients.mean(axis=1)
        best = np.unravel_index(mean.mean(axis=0).argmax(), mean.shape[1:])
        behind = totals[(slice(None), *best)].reshape(-1, 1, 1, 1) - totals
        error = behind.std(axis=0, ddof=1) / np.sqrt(len(behind)) if len(behind) > 1 else np.zeros(1)
        places = np.argwhere(behind.mean(axis=0) <= error)
        chosen = min(places, key=lambda place: float(np.abs(LEVELS[place] - USUAL_THRESHOLD).sum()))
        usual = np.full(len(REGION_KEYS), np.argmin(np.abs(LEVELS - USUAL_THRESHOLD)))
        return Choice(
            _named(LEVELS[chosen]), _named(mean[(slice(None), *chosen)]), _named(mean[(slice(None), *usual)])
        )


def _reached(passed: np.ndarray) -> np.ndarray:
    """Voxels that reach a level: int ``[L + 1, L + 1, L + 1]``; index 0 asks nothing of that region.

    Args:
        passed: ``[3, N]``, how many levels each voxel's probabilities reach.
    """
    edges = (len(LEVELS) + 1,) * len(passed)
    counts = np.bincount(np.ravel_multi_index(tuple(passed), edges), minlength=int(np.prod(edges)))
    counts = counts.reshape(edges)
    for axis in range(counts.ndim):
        counts = np.flip(np.flip(counts, axis).cumsum(axis), axis)
    return counts


def _of_region(reached: np.ndarray, region: int) -> np.ndarray:
    """Voxels ``[L, L, L]`` that a region keeps, whose own level and whose parents' levels count.

    Along the levels of the regions inside it, which do not count, the result is 1 long.
    """
    inside = tuple(slice(1, None) if axis <= region else slice(0, 1) for axis in range(reached.ndim))
    return reached[inside]


def _dice(both: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Dice of voxels in both masks and the sum of the masks' sizes; 1 where both are empty."""
    return np.where(sizes == 0, 1.0, 2.0 * both / np.maximum(sizes, 1))


def _named(values: np.ndarray) -> dict[str, float]:
    return {key: round(float(value), 4) for key, value in zip(REGION_KEYS, values, strict=True)}
