"""Values lie where they should on an axis, and its labels are round."""

from __future__ import annotations

import numpy as np
import pytest

from humor_training.monitoring.axes import Axis, fit_axis, label


def test_places_on_an_even_axis() -> None:
    axis = Axis(2.0, 6.0)
    assert [axis.place(value) for value in (2.0, 3.0, 6.0, 8.0)] == [0.0, 0.25, 1.0, 1.5]


def test_equal_ratios_are_equally_far_on_a_logarithmic_axis() -> None:
    axis = Axis(0.01, 100.0, log=True)
    assert [axis.place(value) for value in (0.01, 0.1, 1.0, 100.0)] == pytest.approx([0.0, 0.25, 0.5, 1.0])


@pytest.mark.parametrize(
    ("values", "log"), [([0.5, 1.0], False), ([0.1, 1.0], True), ([0.0, 1.0], False), ([-1.0, 4.0], False)]
)
def test_an_axis_is_logarithmic_only_where_it_can_be_and_helps(values: list[float], log: bool) -> None:
    axis = fit_axis([np.array(values)], log=True)
    assert axis.log is log
    assert axis.low <= min(values) and axis.high > max(values)


def test_an_axis_of_values_that_are_never_negative_is_not_either() -> None:
    assert fit_axis([np.array([0.0, 3.0])]).low == 0.0
    assert fit_axis([np.array([-1.0, 3.0])]).low < -1.0


@pytest.mark.parametrize("values", [[], [0.0], [2.5], [-3.0, -3.0]])
def test_an_axis_of_one_value_or_none_still_has_a_range(values: list[float]) -> None:
    axis = fit_axis([np.array(values)], log=True)
    assert axis.high > axis.low
    assert len(axis.ticks()) >= 2


@pytest.mark.parametrize(
    ("axis", "ticks"),
    [
        (Axis(0.0, 1.0), [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (Axis(0.0, 4000.0), [0.0, 1000.0, 2000.0, 3000.0, 4000.0]),
        (Axis(-0.12, 0.31), [-0.1, 0.0, 0.1, 0.2, 0.3]),
        (Axis(0.001, 10.0, log=True), [0.001, 0.01, 0.1, 1.0, 10.0]),
        (Axis(0.25, 1.8, log=True), [0.3, 0.5, 0.7, 1.0, 1.5]),
        (Axis(1.03, 1.4, log=True), [1.1, 1.2, 1.3, 1.4]),
    ],
)
def test_ticks_are_round_and_inside(axis: Axis, ticks: list[float]) -> None:
    assert axis.ticks() == ticks


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.0, "0"),
        (0.05, "0.05"),
        (1.5, "1.5"),
        (20_000.0, "20 k"),
        (1_500_000.0, "1.5 M"),
        (2e-5, "2e−5"),
        (-0.5, "−0.5"),
    ],
)
def test_labels_are_short(value: float, words: str) -> None:
    assert label(value) == words
