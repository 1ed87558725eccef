"""Paired differences between models measured on the same studies: numbers, a page, a table and a picture."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from humor.errors import InputError
from humor.output.report_sections import expert_colour
from humor.regions import REGION_KEYS

from .measures import DICE, MEASURES
from .score_tables import NOTES, measure_tables, plain, subset_words
from .scores import Score
from .summary import IN_TRUTH, Cell, Interval, subset_order, summarise

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


PAGE, TABLE, PICTURE = "comparison.md", "comparison.csv", "comparison.png"
"""Files of a comparison."""


def write_comparison(folder: Path, comparisons: Sequence[Comparison]) -> None:
    """Write ``PAGE``, ``TABLE`` and, if there is Dice, ``PICTURE``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / PAGE).write_text("\n".join(_page(comparisons)), encoding="utf-8")
    _write_table(folder / TABLE, comparisons)
    if all(any(cell.measure == DICE for cell in found.differences) for found in comparisons):
        draw_differences(folder / PICTURE, comparisons, DICE)


def signed(interval: Interval, measure: str) -> str:
    """``mean [low, high]`` with signs, bold where the interval does not hold 0."""
    digits = MEASURES[measure].digits
    words = f"{interval.mean:+.{digits}f} [{interval.low:+.{digits}f}, {interval.high:+.{digits}f}]"
    return f"**{words}**" if interval.low > 0 or interval.high < 0 else words


def _page(comparisons: Sequence[Comparison]) -> list[str]:
    others = ", ".join(found.other for found in comparisons)
    lines = [f"# {comparisons[0].first} against {others}", "", NOTES, ""]
    for found in comparisons:
        lines += [
            f"# {found.first} − {found.other}",
            "",
            f"Differences study by study, {found.studies} studies; bold where the interval does not hold 0.",
            "",
        ]
        for measure in dict.fromkeys(cell.measure for cell in found.differences):
            cells = [cell for cell in found.differences if cell.measure == measure]
            lines += measure_tables(cells, measure, signed)
        for name, means in found.means.items():
            lines += [f"# {name} on these studies", ""]
            lines += measure_tables([cell for cell in means if cell.measure == DICE], DICE, plain)
    return lines


def _write_table(path: Path, comparisons: Sequence[Comparison]) -> None:
    header = [
        "first",
        "other",
        "subset",
        "region",
        "measure",
        "over",
        "difference",
        "low",
        "high",
        "patients",
    ]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        for found in comparisons:
            for cell in found.differences:
                place = [found.first, found.other, cell.subset, cell.region, cell.measure, cell.over]
                numbers = [cell.interval.mean, cell.interval.low, cell.interval.high]
                writer.writerow([*place, *(f"{value:.6g}" for value in numbers), cell.interval.patients])


_SPREAD = 0.6  # share of a line's height that several models' bars take
_MARKERS = "osD^vP"


def draw_differences(path: Path, comparisons: Sequence[Comparison], measure: str) -> None:
    """Write the PNG: first − other over the studies where the expert marked the region."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    cells = [
        (number, cell)
        for number, found in enumerate(comparisons)
        for cell in found.differences
        if cell.measure == measure and cell.over == IN_TRUTH
    ]
    rows = subset_order([cell.subset for _, cell in cells])
    figure = Figure(figsize=(9, 1.6 + 0.3 * len(rows)), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    for region, axes in zip(REGION_KEYS, figure.subplots(1, len(REGION_KEYS), sharey=True), strict=True):
        axes.axvline(0, color="#555555", linewidth=0.8)
        for number, cell in cells:
            if cell.region != region:
                continue
            shift = _SPREAD * ((number + 0.5) / len(comparisons) - 0.5)
            place, interval = rows.index(cell.subset) + shift, cell.interval
            colour, marker = expert_colour(number), _MARKERS[number % len(_MARKERS)]
            axes.plot([interval.low, interval.high], [place, place], color=colour, linewidth=1.5)
            axes.plot(interval.mean, place, marker, color=colour, markersize=4)
        axes.set_title(region, fontsize=9)
        axes.tick_params(labelsize=8)
        axes.grid(axis="x", linewidth=0.3)
    first = figure.axes[0]
    first.set_yticks(range(len(rows)), [subset_words(row) for row in rows])
    first.set_ylim(len(rows) - 0.5, -0.5)
    names = [f"{found.first} − {found.other}" for found in comparisons]
    marks = [
        first.plot([], [], _MARKERS[number % len(_MARKERS)], color=expert_colour(number), label=name)[0]
        for number, name in enumerate(names)
    ]
    figure.legend(handles=marks, loc="outside lower center", ncols=3, fontsize=8, frameon=False)
    better = "right" if MEASURES[measure].higher_is_better else "left"
    title = f"{MEASURES[measure].title}: difference with 95% interval; {better} of 0, the first is better"
    figure.suptitle(title, fontsize=9)
    figure.savefig(path)
