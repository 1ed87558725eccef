"""Means as Markdown tables and as a picture of subsets × regions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from humor.regions import REGION_KEYS
from humor.sequences import display

from .lesions import DILATIONS, SMALLEST_MM3
from .measures import BINS, MEASURES, PENALTY_MM
from .summary import ALL_STUDIES, ALL_SUBSETS, IN_TRUTH, LEVEL, RESAMPLES, Cell, Interval, subset_order

NOTES = (
    "Empty regions: Dice and lesion-wise Dice are 1 and HD95 is 0 mm where neither the expert nor the model "
    f"marked any, 0 and {PENALTY_MM:.0f} mm where only one did (as BraTS counts). Lesion-wise Dice follows "
    f"BraTS 2023 ({DILATIONS} dilations, lesions above {SMALLEST_MM3:.0f} mm³). Volume errors are absolute. "
    f"Calibration: {BINS} bins of the region's probability, all voxels of the brain. Intervals of few "
    "patients are too narrow."
)
"""The rules that figures depend on."""

_OVER = {IN_TRUTH: "studies where the expert marked the region", ALL_STUDIES: "all studies"}


def interval_words() -> str:
    """What the brackets hold."""
    return f"[{LEVEL}% bootstrap interval over patients, {RESAMPLES} resamples]"


def markdown(title: str, facts: dict[str, str], cells: Sequence[Cell]) -> str:
    """A page: facts, then per measure a table of subsets × regions."""
    lines = [f"# {title}", "", *(f"- {name}: {value}" for name, value in facts.items()), "", NOTES, ""]
    for measure in dict.fromkeys(cell.measure for cell in cells):
        lines += measure_tables([cell for cell in cells if cell.measure == measure], measure, plain)
    return "\n".join(lines)


def measure_tables(cells: Sequence[Cell], measure: str, form: Callable[[Interval, str], str]) -> list[str]:
    """Lines of one measure's tables: where the region is in truth, and over all studies if that differs."""
    better = "higher" if MEASURES[measure].higher_is_better else "lower"
    lines = [f"## {MEASURES[measure].title} ({better} is better)", ""]
    by_over = {over: [cell for cell in cells if cell.over == over] for over in _OVER}
    intervals = [[cell.interval for cell in found] for found in by_over.values()]
    for over, found in by_over.items():
        if not found or (over == ALL_STUDIES and intervals[0] == intervals[1]):
            continue
        lines += [f"Mean over {_OVER[over]} {interval_words()}:", "", *_table(found, measure, form), ""]
    return lines


def plain(interval: Interval, measure: str) -> str:
    """``mean [low, high]``."""
    digits = MEASURES[measure].digits
    return f"{interval.mean:.{digits}f} [{interval.low:.{digits}f}, {interval.high:.{digits}f}]"


def subset_words(subset: str) -> str:
    """A subset as people write it."""
    return "all subsets" if subset == ALL_SUBSETS else display(subset.split("+"))


def _table(cells: Sequence[Cell], measure: str, form: Callable[[Interval, str], str]) -> list[str]:
    places = {(cell.subset, cell.region): cell.interval for cell in cells}
    patients = max(interval.patients for interval in places.values())
    lines = [
        f"| up to {patients} patients | {' | '.join(REGION_KEYS)} |",
        "|---" * (len(REGION_KEYS) + 1) + "|",
    ]
    for subset in subset_order([subset for subset, _ in places]):
        row = [places.get((subset, region)) for region in REGION_KEYS]
        words = [form(interval, measure) if interval else "–" for interval in row]
        lines.append(f"| {subset_words(subset)} | {' | '.join(words)} |")
    return lines


COLOURS = "cividis"
"""Made for colour-blind and normal eyes alike: Nuñez, Anderton and Renslow 2018 (PLoS ONE 13, e0199239)."""
_DARK_BELOW = 0.5


def draw_heat_map(path: Path, cells: Sequence[Cell], measure: str, title: str) -> None:
    """Write the PNG: means over the studies where the expert marked the region; 0 to 1 in colours."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    chosen = {(c.subset, c.region): c for c in cells if c.measure == measure and c.over == IN_TRUTH}
    rows = subset_order([subset for subset, _ in chosen])
    values = np.full((len(rows), len(REGION_KEYS)), np.nan)
    figure = Figure(figsize=(4.6, 1.1 + 0.32 * len(rows)), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for (subset, region), cell in chosen.items():
        place = rows.index(subset), REGION_KEYS.index(region)
        values[place] = cell.interval.mean
        colour = "white" if cell.interval.mean < _DARK_BELOW else "black"
        words = f"{cell.interval.mean:.{MEASURES[measure].digits}f}"
        axes.text(place[1], place[0], words, ha="center", va="center", color=colour, fontsize=8)
    picture = axes.imshow(values, cmap=COLOURS, vmin=0, vmax=1, aspect="auto")
    axes.set_xticks(range(len(REGION_KEYS)), REGION_KEYS)
    axes.set_yticks(range(len(rows)), [subset_words(row) for row in rows], fontsize=8)
    axes.tick_params(length=0)
    axes.set_title(f"{MEASURES[measure].title}: {title}", fontsize=9)
    figure.colorbar(picture, ax=axes, fraction=0.06, pad=0.03)
    figure.savefig(path)
