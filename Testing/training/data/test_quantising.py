from __future__ import annotations

import numpy as np
import pytest

from humor_training.data.coding import FINEST, TOLERANCE, quantise


def kept(image: np.ndarray, tolerance: float) -> np.ndarray:
    indices, levels = quantise(image, tolerance)
    return np.where(image != 0, levels[indices], np.float16(0))


def test_values_far_apart_are_kept_exactly() -> None:
    image = np.array([-2.5, -1.0, 0.0, 0.5, 0.75, 6.0], np.float16)
    indices, levels = quantise(image, 0.1)
    assert levels.tolist() == [-2.5, -1.0, 0.5, 0.75, 6.0]
    assert indices.tolist() == [0, 1, 0, 2, 3, 4]


def test_a_level_lies_amid_the_values_it_stands_for() -> None:
    image = np.array([1.0, 1.0625, 1.125, 1.25], np.float16)
    indices, levels = quantise(image, 0.0625)
    assert indices.tolist() == [0, 0, 0, 1]
    assert levels.tolist() == [1.0625, 1.25]


@pytest.mark.parametrize("tolerance", [FINEST, TOLERANCE, 0.2])
def test_no_value_moves_by_more_than_the_tolerance(tolerance: float) -> None:
    image = np.clip(np.random.default_rng(0).normal(0, 2, 50_000), -6, 6).astype(np.float16)
    off = np.abs(kept(image, tolerance).astype(float) - image.astype(float))
    assert off.max() <= tolerance + 0.004  # half a step of float16 near 6, twice
    assert off.mean() > 0


def test_only_the_outside_is_zero() -> None:
    image = np.array([-0.01, 0.01, 0.0, -0.0], np.float16)
    assert (kept(image, 0.1) != 0).tolist() == [True, True, False, False]


def test_tolerances_beyond_8_bit_are_refused() -> None:
    with pytest.raises(ValueError, match="256 levels"):
        quantise(np.ones(3, np.float16), 0.01)
