"""Means over studies: by subset, region and measure, with intervals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from humor.regions import REGION_KEYS
from humor.sequences import subset_name, subsets

from ..data.labelled_study import patient_of
from .scores import Score

ALL_SUBSETS = "all"
"""In place of a subset's name: over all subsets together."""

IN_TRUTH, ALL_STUDIES = "in_truth", "all"
"""Over which studies: those where the expert marked the region, or all."""


@dataclass(frozen=True)
class Cell:
    """Attributes:
    subset: its name, or ``ALL_SUBSETS``.
    region: ``WT``, ``TC`` or ``ET``.
    measure: its name.
    over: ``IN_TRUTH`` or ``ALL_STUDIES``.
    interval: the mean and where it lies.
    """

    subset: str
    region: str
    measure: str
    over: str
    interval: Interval


def summarise(scores: Sequence[Score]) -> list[Cell]:
    """All means that are defined, in the order of tables."""
    if not scores:
        return []
    cells = []
    for subset, region, over, rows in _groups(scores):
        patients = [patient_of(row.study) for row in rows]
        for measure in scores[0].values:
            interval = mean_interval([row.values[measure] for row in rows], patients)
            if interval is not None:
                cells.append(Cell(subset, region, measure, over, interval))
    return cells


def subset_order(names: Sequence[str]) -> list[str]:
    """Those of the 15 subsets' names that occur, in their one order, then ``ALL_SUBSETS`` if it does."""
    known = [*(subset_name(subset) for subset in subsets()), ALL_SUBSETS]
    return [name for name in known if name in set(names)]


def _groups(scores: Sequence[Score]) -> Iterator[tuple[str, str, str, list[Score]]]:
    for subset in subset_order([*(score.subset for score in scores), ALL_SUBSETS]):
        for region in REGION_KEYS:
            rows = [s for s in scores if subset in (s.subset, ALL_SUBSETS) and s.region == region]
            yield subset, region, IN_TRUTH, [row for row in rows if row.in_truth]
            yield subset, region, ALL_STUDIES, rows


RESAMPLES, SEED = 2000, 0
LEVEL = 95


@dataclass(frozen=True)
class Interval:
    """Attributes:
    mean: over the studies.
    low: lower end of the 95% interval.
    high: upper end.
    patients: how many there were to resample.
    """

    mean: float
    low: float
    high: float
    patients: int


def mean_interval(values: Sequence[float], patients: Sequence[str]) -> Interval | None:
    """Mean of all values that are not NaN, and its percentile bootstrap interval.

    Patients are drawn with replacement, each with all its values: several studies, or several subsets
    of sequences, of one patient are not independent (Efron and Tibshirani 1993, chapters 8 and 13).

    Args:
        values: one per row.
        patients: whom each belongs to.

    Returns:
        None if no value is left.
    """
    numbers = np.asarray(values, float)
    known = np.isfinite(numbers)
    if not known.any():
        return None
    names, whose = np.unique(np.asarray(patients, str)[known], return_inverse=True)
    sums = np.bincount(whose, numbers[known])
    counts = np.bincount(whose)
    draws = _draws(len(names))
    means = (draws @ sums) / (draws @ counts)
    low, high = np.percentile(means, [(100 - LEVEL) / 2, (100 + LEVEL) / 2])
    return Interval(float(sums.sum() / counts.sum()), float(low), float(high), len(names))


@lru_cache(maxsize=8)
def _draws(patients: int) -> np.ndarray:
    """How often each patient is drawn, ``[RESAMPLES, patients]``."""
    rng = np.random.default_rng(SEED)
    return rng.multinomial(patients, np.full(patients, 1 / patients), RESAMPLES).astype(float)
