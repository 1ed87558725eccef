"""A picture of one measure: subsets × regions, with the numbers in the cells."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from humor.regions import REGION_KEYS

from .measures import MEASURES
from .summary import IN_TRUTH, Cell, subset_order
from .tables import subset_words

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
