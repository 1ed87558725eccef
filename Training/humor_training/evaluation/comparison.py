"""Paired differences between models that were measured on the same studies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from humor.errors import InputError

from .scores import Score
from .summary import Cell, summarise

Key = tuple[str, str, str]
_SAME_ML = 1e-3  # relative: volumes are written with six digits


@dataclass(frozen=True)
class Comparison:
    """The first model against another.

    Attributes:
        first: name of the model in question.
        other: name of the one that is subtracted.
        studies: how many both were measured on.
        means: model → its means on these studies.
        differences: means of first − other, study by study, with intervals.
    """

    first: str
    other: str
    studies: int
    means: dict[str, list[Cell]]
    differences: list[Cell]


def compare(models: Mapping[str, Sequence[Score]]) -> list[Comparison]:
    """The first model against each of the others, on the rows that both have.

    Raises:
        InputError: two models have no row in common, or their truths differ.
    """
    (first, scores), *others = models.items()
    return [_against(first, scores, other, rows) for other, rows in others]


def _against(first: str, scores: Sequence[Score], other: str, rows: Sequence[Score]) -> Comparison:
    theirs = {_key(row): row for row in rows}
    pairs = [(score, theirs[_key(score)]) for score in scores if _key(score) in theirs]
    if not pairs:
        raise InputError(
            f"{first} and {other} have no study and subset in common. Evaluate both on the same data."
        )
    measures = [name for name in pairs[0][0].values if name in pairs[0][1].values]
    if not measures:
        raise InputError(
            f"{first} and {other} have no metric in common. Evaluate both with the same --metrics."
        )
    differences = [_difference(one, two, measures, f"{first} and {other}") for one, two in pairs]
    return Comparison(
        first,
        other,
        len({one.study for one, _ in pairs}),
        {first: summarise([one for one, _ in pairs]), other: summarise([two for _, two in pairs])},
        summarise(differences),
    )


def _key(score: Score) -> Key:
    return score.study, score.subset, score.region


def _difference(one: Score, two: Score, measures: Sequence[str], who: str) -> Score:
    """``one − two`` in every measure; NaN where either is."""
    apart = abs(one.truth_ml - two.truth_ml)
    if one.grid != two.grid or apart > _SAME_ML * max(one.truth_ml, two.truth_ml):
        raise InputError(
            f"{who} were not measured against the same truth of {one.study} ({one.grid} grid, "
            f"{one.truth_ml} ml; {two.grid} grid, {two.truth_ml} ml). Evaluate both on the same data "
            "and grid."
        )
    values = {name: one.values[name] - two.values[name] for name in measures}
    return replace(one, values=values, volume_ml=one.volume_ml - two.volume_ml)
