"""A picture of differences: one panel per region, one line per subset, intervals as bars."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from humor.output.report_sections import expert_colour
from humor.regions import REGION_KEYS

from .comparison import Comparison
from .measures import MEASURES
from .summary import IN_TRUTH, subset_order
from .tables import subset_words

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
