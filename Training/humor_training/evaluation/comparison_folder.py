"""A comparison on disk: a page, a table and a picture."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from .bootstrap import Interval
from .comparison import Comparison
from .comparison_picture import draw_differences
from .measures import DICE, MEASURES
from .tables import NOTES, measure_tables, plain

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
