"""An evaluation on disk: rows study by study, then tables and a picture; can be continued."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from humor.errors import UsageError
from humor.regions import REGION_KEYS

from .evaluate import measure, one_line, subsets_of
from .heat_map import draw_heat_map
from .measures import DICE
from .predictors import Predictor
from .scores import Score, append_scores, read_scores, write_scores
from .subjects import Source
from .summary import Cell, summarise
from .tables import markdown

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
