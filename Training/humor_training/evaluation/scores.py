"""Measured rows, and the CSV file that keeps them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from humor.errors import InputError

from .measures import MEASURES

FACTS = ("study", "grid", "subset", "region", "in_truth", "volume_ml", "truth_ml")
"""Columns before those of the measures."""


@dataclass(frozen=True)
class Score:
    """One region of one study, segmented from one subset of its sequences.

    Attributes:
        study: its name.
        grid: ``native`` (of the reference sequence's file) or ``crop`` (the packed case's, 1 mm).
        subset: as ``humor.sequences.subset_name``.
        region: ``WT``, ``TC`` or ``ET``.
        in_truth: whether the expert marked any of it.
        volume_ml: segmented volume.
        truth_ml: the expert's.
        values: measure → number, NaN where it is undefined.
    """

    study: str
    grid: str
    subset: str
    region: str
    in_truth: bool
    volume_ml: float
    truth_ml: float
    values: dict[str, float]


def write_scores(path: Path, scores: Iterable[Score], measures: Sequence[str]) -> None:
    """A new file with a header and these rows; it appears whole or not at all."""
    partial = path.with_suffix(".partial")
    partial.write_text(_lines([(*FACTS, *measures)]) + _rows(scores, measures), encoding="utf-8")
    partial.replace(path)


def append_scores(path: Path, scores: Iterable[Score], measures: Sequence[str]) -> None:
    """Add rows to a file, in one go, so that a killed run leaves at most one study half written."""
    with path.open("a", newline="", encoding="utf-8") as file:
        file.write(_rows(scores, measures))


def read_scores(path: Path, cut_off: bool = False) -> list[Score]:
    """The rows of a file.

    Args:
        path: as written by ``write_scores``.
        cut_off: leave out a last row that was not written to its end, instead of refusing the file.

    Raises:
        InputError: the file is missing, or is no such table.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as problem:
        raise InputError(
            f"{path}: cannot be read ({problem}). Make it with 'humor-train evaluate'."
        ) from problem
    if cut_off:
        text = text[: text.rfind("\n") + 1]
    table = list(csv.DictReader(io.StringIO(text)))
    measures = measures_of(path, text.partition("\n")[0])
    try:
        return [_score(row, measures) for row in table]
    except (KeyError, TypeError, ValueError) as problem:
        raise InputError(
            f"{path}: a row cannot be read ({problem}). Make it anew with 'humor-train evaluate'."
        ) from problem


def measures_of(path: Path, header: str) -> tuple[str, ...]:
    """The measures that a header names.

    Raises:
        InputError: it is no header of such a table.
    """
    columns = tuple(header.strip().split(","))
    measures = columns[len(FACTS) :]
    if columns[: len(FACTS)] != FACTS or not set(measures) <= set(MEASURES):
        raise InputError(f"{path}: not a table of 'humor-train evaluate'. Give its scores.csv.")
    return measures


def _score(row: dict[str, str], measures: Sequence[str]) -> Score:
    values = {name: float(row[name]) if row[name] else float("nan") for name in measures}
    volumes = float(row["volume_ml"]), float(row["truth_ml"])
    in_truth = {"True": True, "False": False}[row["in_truth"]]
    return Score(row["study"], row["grid"], row["subset"], row["region"], in_truth, *volumes, values)


def _rows(scores: Iterable[Score], measures: Sequence[str]) -> str:
    return _lines(
        [
            *(score.study, score.grid, score.subset, score.region, score.in_truth),
            *(_number(value) for value in (score.volume_ml, score.truth_ml)),
            *(_number(score.values[name]) for name in measures),
        ]
        for score in scores
    )


def _number(value: float) -> str:
    return "" if value != value else f"{value:.6g}"


def _lines(rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
