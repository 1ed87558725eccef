"""Means with intervals from resampled patients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

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
