"""What is drawn of a curve."""

from __future__ import annotations

import numpy as np
import pytest

from humor_training.monitoring.run_figures import curve, smooth


def test_points_without_a_value_are_left_out() -> None:
    made = curve("a", [1, 2, 3, 4], [0.5, float("nan"), float("inf"), 0.25])
    assert made.x.tolist() == [1, 4] and made.y.tolist() == [0.5, 0.25]


def test_each_smoothed_value_is_the_mean_of_the_last_tenth_so_far() -> None:
    raw = curve("a", range(40), np.arange(40.0) ** 2)
    smoothed = smooth(raw)
    assert smoothed.y[:10].tolist() == raw.y[:10].tolist()  # a tenth of up to ten is one
    assert smoothed.y[19] == pytest.approx((18**2 + 19**2) / 2)
    assert smoothed.y[39] == pytest.approx((36**2 + 37**2 + 38**2 + 39**2) / 4)
    assert smoothed.x.tolist() == raw.x.tolist()


def test_smoothing_nothing_is_nothing() -> None:
    assert smooth(curve("a", [], [])).y.size == 0
