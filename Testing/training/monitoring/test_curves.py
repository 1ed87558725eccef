"""What is drawn of a curve keeps what matters of it."""

from __future__ import annotations

import numpy as np
import pytest

from humor_training.monitoring.curves import POINTS, Curve, curve, smooth, thin


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


@pytest.mark.parametrize("size", [POINTS + 1, 1999, 50_000])
def test_thinning_keeps_ends_and_extremes_within_the_limit(size: int) -> None:
    chance = np.random.default_rng(size)
    full = Curve("a", np.arange(size, dtype=float), chance.normal(size=size))
    full.y[size // 3], full.y[size // 2] = 40.0, -40.0  # spikes of one step
    shown = thin(full)
    assert POINTS // 2 < len(shown.y) <= POINTS
    assert (shown.x[0], shown.x[-1]) == (0, size - 1)
    assert shown.y.max() == 40.0 and shown.y.min() == -40.0
    assert shown.x[shown.y.argmax()] == size // 3
    assert (np.diff(shown.x) > 0).all()
    assert (full.y[shown.x.astype(int)] == shown.y).all()


def test_every_stretch_keeps_its_own_extremes() -> None:
    full = Curve("a", np.arange(5000.0), np.sin(np.arange(5000.0) * 2 * np.pi / 100))
    shown = thin(full)
    for begin in range(0, 5000, 100):
        period = shown.y[(shown.x >= begin) & (shown.x < begin + 100)]
        assert period.max() > 0.99 and period.min() < -0.99


def test_a_short_curve_is_drawn_whole() -> None:
    full = curve("a", range(POINTS), range(POINTS))
    assert thin(full) is full
