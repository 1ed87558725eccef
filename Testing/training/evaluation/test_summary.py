from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from humor_training.data.labelled_study import patient_of
from humor_training.evaluation.score_tables import draw_heat_map, markdown
from humor_training.evaluation.summary import mean_interval, summarise
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


def test_the_interval_of_many_patients_is_that_of_the_normal_distribution() -> None:
    values = np.random.default_rng(0).normal(3.0, 2.0, 400)
    found = mean_interval(values.tolist(), [str(n) for n in range(400)])
    assert found is not None and found.patients == 400
    assert found.mean == pytest.approx(values.mean())
    half = 1.96 * values.std() / 20
    assert found.low == pytest.approx(values.mean() - half, abs=0.03)
    assert found.high == pytest.approx(values.mean() + half, abs=0.03)


def test_it_is_the_same_each_time() -> None:
    values, patients = [0.1, 0.5, 0.9], ["a", "b", "c"]
    assert mean_interval(values, patients) == mean_interval(values, patients)


def test_repeating_every_patients_value_does_not_make_the_interval_narrower() -> None:
    values, patients = [0.1, 0.5, 0.9, 0.4], ["a", "b", "c", "d"]
    once, often = mean_interval(values, patients), mean_interval(values * 10, patients * 10)
    assert once is not None and often is not None and often.patients == 4
    assert (often.mean, often.low, often.high) == pytest.approx((once.mean, once.low, once.high))
    assert once.high - once.low > 0.4


def test_undefined_values_and_their_patients_are_left_out() -> None:
    found = mean_interval([0.2, float("nan"), 0.4], ["a", "b", "c"])
    assert found is not None and found.patients == 2
    assert found.mean == pytest.approx(0.3)
    assert (found.low, found.high) == pytest.approx((0.2, 0.4))
    assert mean_interval([float("nan")], ["a"]) is None
    assert mean_interval([], []) is None


def test_time_points_belong_to_one_patient() -> None:
    assert patient_of("BraTS-GLI-00005-001") == patient_of("BraTS-GLI-00005-100") == "BraTS-GLI-00005"
    assert patient_of("sub-07_ses-2") == "sub-07"
    assert patient_of("BraTS2021_00006") == "BraTS2021_00006"
