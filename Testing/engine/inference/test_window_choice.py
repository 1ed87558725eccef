from __future__ import annotations

import pytest

from humor.inference.window_choice import COST, SMALLER, bytes_needed, cost_of, largest_window, windows_below
from humor.inference.windows import Triple

TRAINING = (144, 176, 144)
BRAIN, HEAD = (144, 176, 144), (192, 240, 208)


def test_128_comes_before_96_and_no_window_is_tried_that_holds_the_whole_brain() -> None:
    assert windows_below(HEAD, TRAINING) == [TRAINING, (128, 128, 128), (96, 96, 96)]
    assert windows_below(BRAIN, TRAINING) == [(128, 128, 128), (96, 96, 96)]
    assert windows_below((128, 112, 128), TRAINING) == [(96, 96, 96)]
    assert windows_below((80, 80, 80), TRAINING) == []
    assert windows_below(HEAD, (64, 64, 64)) == [(64, 64, 64)]


@pytest.mark.parametrize("backend", ["openvino", "torch"])
@pytest.mark.parametrize("shape", [BRAIN, HEAD])
def test_the_less_memory_the_smaller_the_window(shape: Triple, backend: str) -> None:
    smaller = windows_below(shape, TRAINING)
    order = [None, *smaller]
    chosen = [largest_window(shape, smaller, backend, free) for free in range(0, 30_000_000_000, 20_000_000)]
    places = [order.index(window) for window in chosen]
    assert places == sorted(places, reverse=True)
    assert places[0] == len(order) - 1 and places[-1] == 0
    assert set(places) >= {0, len(order) - 1}


def test_the_estimate_covers_what_was_measured() -> None:
    """Peaks of the student above the process at rest, on a brain of 144×176×144."""
    for window, measured in ((None, 409e6), ((128, 128, 128), 363e6), ((96, 96, 96), 276e6)):
        assert measured < bytes_needed(BRAIN, window, "openvino") < 1.4 * measured


def test_what_a_window_costs_is_said_with_its_reason() -> None:
    for window in SMALLER:
        told = cost_of(window, HEAD, TRAINING, "memory was short")
        assert f"{COST[window]} points" in told and "memory was short" in told and "more memory" in told
    assert "points" not in cost_of((64, 64, 64), HEAD, TRAINING, "they were asked for")


@pytest.mark.parametrize("window", [None, TRAINING, (192, 192, 192)])
def test_windows_as_large_as_in_training_cost_nothing(window: Triple | None) -> None:
    assert cost_of(window, HEAD, TRAINING, "") == ""
