from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from humor_training.evaluation.score_tables import draw_heat_map, markdown
from humor_training.evaluation.summary import summarise
from training.evaluation.rows import rows

SCORES = rows({"a": 0.8, "b": 0.6, "c": 0.1}, empty="c")
CELLS = {(cell.subset, cell.region, cell.measure, cell.over): cell.interval for cell in summarise(SCORES)}


def test_means_are_over_the_studies_with_the_region_and_over_all() -> None:
    marked, every = CELLS["t1+t2", "ET", "dice", "in_truth"], CELLS["t1+t2", "ET", "dice", "all"]
    assert marked.mean == pytest.approx(0.7) and marked.patients == 2
    assert every.mean == pytest.approx(0.5) and every.patients == 3
    assert CELLS["t1+t2", "WT", "dice", "in_truth"] == CELLS["t1+t2", "WT", "dice", "all"]


def test_there_is_a_mean_for_every_subset_and_one_over_all() -> None:
    assert len({subset for subset, *_ in CELLS}) == 16
    assert CELLS["all", "WT", "hd95_mm", "all"].mean == pytest.approx(5.0)
    assert CELLS["all", "WT", "hd95_mm", "all"].patients == 3  # not 45


def test_intervals_hold_the_mean() -> None:
    assert all(interval.low <= interval.mean + 1e-9 for interval in CELLS.values())
    assert all(interval.high >= interval.mean - 1e-9 for interval in CELLS.values())


def test_the_page_has_both_tables_where_they_differ() -> None:
    page = markdown("model", {"data": "there"}, summarise(SCORES))
    dice = page.split("## Dice")[1].split("## HD95")[0]
    assert dice.count("Mean over") == 2
    assert "| T1 + T2 | 0.500 [0.100, 0.800] | 0.500 [0.100, 0.800] | 0.700 [0.600, 0.800] |" in dice
    assert "- data: there" in page
    same = markdown("model", {}, summarise(rows({"a": 0.8, "b": 0.6})))
    assert same.split("## Dice")[1].split("## HD95")[0].count("Mean over") == 1


def test_a_region_that_nobody_has_is_a_dash() -> None:
    assert "| T1 | 0.800 [0.800, 0.800] | 0.800 [0.800, 0.800] | – |" in markdown(
        "model", {}, summarise(rows({"a": 0.8}, empty="a"))
    )


def test_the_picture_shows_means_as_colours(tmp_path: Path) -> None:
    for name, value in (("bad", 0.0), ("good", 1.0)):
        draw_heat_map(tmp_path / f"{name}.png", summarise(rows({"a": value})), "dice", name)
    bad, good = (imread(tmp_path / f"{name}.png")[..., :3] for name in ("bad", "good"))

    def share(picture: np.ndarray, colour: tuple[float, float, float]) -> float:
        return float((np.abs(picture - np.array(colour)).max(-1) < 0.02).mean())

    blue, yellow = (0.0, 0.135, 0.305), (0.996, 0.909, 0.217)  # the ends of cividis
    assert share(bad, blue) > 0.3 > 0.05 > share(bad, yellow)
    assert share(good, yellow) > 0.3 > 0.05 > share(good, blue)
