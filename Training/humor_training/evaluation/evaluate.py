"""Measuring a model on labelled studies, for every subset of their sequences; on disk it can be continued."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from humor.errors import UsageError
from humor.regions import REGION_KEYS
from humor.sequences import subset_name, subsets
from humor.study.case import Case, to_native

from .mask import cut
from .measures import CALIBRATION, DICE, MEASURES, Pair
from .predictors import Found, Predictor
from .score_tables import draw_heat_map, markdown
from .scores import Score, append_scores, read_scores, write_scores
from .subjects import Source, Subject, native_sources, only
from .summary import Cell, summarise


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


SCORES, SETTINGS, SUMMARY, TABLE, PICTURE = (
    "scores.csv",
    "settings.json",
    "summary.json",
    "scores.md",
    "dice.png",
)
"""Files of an evaluation."""


def evaluate_into(
    folder: Path,
    predictor: Predictor,
    sources: Sequence[Source],
    measures: Sequence[str],
    full: bool,
    settings: dict[str, str],
    resume: bool = False,
    tell: Callable[[str], None] = print,
) -> list[Score]:
    """Measure all studies and write ``SCORES`` and everything that is made of it.

    Args:
        folder: made if it is not there; an evaluation in it is replaced, or continued with ``resume``.
        predictor: the model.
        sources: the studies.
        measures: which.
        full: only the subset of all sequences that a study has.
        settings: facts about the model and the data; continuing needs the same.
        resume: keep the studies that are done.
        tell: is given a line per study.

    Raises:
        UsageError: the evaluation in the folder is another one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    settings = {**settings, "measures": " ".join(measures), "subsets": "full" if full else "all"}
    scores = _done(folder, sources, full, settings) if resume else []
    (folder / SETTINGS).write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
    write_scores(folder / SCORES, scores, measures)
    finished = {score.study for score in scores}
    for source in sources:
        if source.name in finished:
            continue
        rows = measure(predictor, source.load(), subsets_of(source, full), measures)
        append_scores(folder / SCORES, rows, measures)
        scores += rows
        tell(one_line(rows))
    write_summary(folder, scores, settings)
    return scores


def write_summary(folder: Path, scores: Sequence[Score], settings: dict[str, str]) -> None:
    """``TABLE``, ``SUMMARY`` and, if there is Dice, ``PICTURE``, from rows."""
    cells = summarise(scores)
    title = settings.get("model", folder.name)
    facts = {**settings, "grid": _grid(scores), "studies": str(len({score.study for score in scores}))}
    (folder / TABLE).write_text(markdown(title, facts, cells), encoding="utf-8")
    summary = {"settings": facts, "means": [_plain(cell) for cell in cells]}
    (folder / SUMMARY).write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    if any(cell.measure == DICE for cell in cells):
        draw_heat_map(folder / PICTURE, cells, DICE, title)


def _done(folder: Path, sources: Sequence[Source], full: bool, settings: dict[str, str]) -> list[Score]:
    """The rows of the studies that are complete."""
    if not (folder / SCORES).exists():
        return []
    path = folder / SETTINGS
    before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if other := sorted(name for name in {*before, *settings} if before.get(name) != settings.get(name)):
        raise UsageError(
            f"{folder} holds an evaluation with other settings ({', '.join(other)}). "
            "Give another --output, or leave --resume out to replace it."
        )
    scores = read_scores(folder / SCORES, cut_off=True)
    rows = Counter(score.study for score in scores)
    expected = {source.name: len(subsets_of(source, full)) * len(REGION_KEYS) for source in sources}
    return [score for score in scores if rows[score.study] == expected.get(score.study)]


def _grid(scores: Sequence[Score]) -> str:
    return ", ".join(sorted({score.grid for score in scores}))


def _plain(cell: Cell) -> dict[str, object]:
    facts = {"subset": cell.subset, "region": cell.region, "measure": cell.measure, "over": cell.over}
    return {**facts, **{name: _rounded(value) for name, value in asdict(cell.interval).items()}}


def _rounded(value: float) -> float:
    return round(value, 5)
