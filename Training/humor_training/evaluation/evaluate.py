"""Measuring a model on labelled studies, for every subset of their sequences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from humor.regions import REGION_KEYS
from humor.sequences import subset_name, subsets
from humor.study.case import Case, to_native

from .mask import cut
from .measures import CALIBRATION, DICE, MEASURES, Pair
from .predictors import Found, Predictor
from .scores import Score
from .subjects import Source, Subject, native_sources, only


def evaluate(predictor: Predictor, folder: Path, tell: Callable[[str], None] = print) -> list[Score]:
    """Dice of every labelled study below ``folder``, on all subsets of the sequences it has."""
    scores = []
    for source in native_sources(folder):
        rows = measure(predictor, source.load(), subsets_of(source), (DICE,))
        tell(one_line(rows))
        scores += rows
    return scores


def subsets_of(source: Source, full: bool = False) -> list[tuple[str, ...]]:
    """The subsets that a study can be segmented from; with ``full`` only all that it has."""
    if full:
        return [source.sequences]
    return [names for names in subsets() if set(names) <= set(source.sequences)]


def measure(
    predictor: Predictor, subject: Subject, wanted: Sequence[Sequence[str]], measures: Sequence[str]
) -> list[Score]:
    """One row per subset and region of a study."""
    case, spacing = subject.case, subject.case.native.spacing
    truths = [cut(mask, spacing) for mask in subject.truth]
    brain = to_native(case, case.brain) if CALIBRATION in measures else np.zeros(case.native.shape, bool)
    marked = subject.truth[:, brain]
    scores = []
    for names in wanted:
        found = predictor.run(only(case, names))
        probabilities = _inside(case, found, brain)
        for region, (key, truth) in enumerate(zip(REGION_KEYS, truths, strict=True)):
            mask = cut(found.regions[region], spacing)
            pair = Pair(mask, truth, probabilities[region], marked[region])
            values = {name: MEASURES[name].of(pair) for name in measures}
            facts = (subject.name, subject.grid, subset_name(names), key, truth.size > 0)
            scores.append(Score(*facts, mask.volume_ml, truth.volume_ml, values))
    return scores


def mean_dice(scores: Sequence[Score]) -> dict[str, dict[str, float | None]]:
    """Subset → region → mean Dice over the studies in which the expert marked the region."""
    found: dict[str, dict[str, list[float]]] = {}
    for score in scores:
        row = found.setdefault(score.subset, {key: [] for key in REGION_KEYS})
        if score.in_truth:
            row[score.region].append(score.values[DICE])
    return {
        subset_name(names): {key: _mean(values) for key, values in found[subset_name(names)].items()}
        for names in subsets()
        if subset_name(names) in found
    }


def one_line(rows: Sequence[Score]) -> str:
    """A study's Dice with the most sequences, for the terminal."""
    last = [row for row in rows if row.subset == rows[-1].subset]
    dice = ", ".join(f"{row.region} {row.values[DICE]:.3f}" for row in last if DICE in row.values)
    return f"{rows[-1].study} {rows[-1].subset}: {dice or 'done'}"


def _inside(case: Case, found: Found, brain: np.ndarray) -> np.ndarray:
    """Probabilities ``[3, N]`` of the voxels of ``brain`` on the native grid."""
    if not brain.any():
        return np.zeros((len(REGION_KEYS), 0), np.float32)
    return to_native(case, found.probabilities)[:, brain]


def _mean(values: list[float]) -> float | None:
    return round(float(np.mean(values)), 4) if values else None
