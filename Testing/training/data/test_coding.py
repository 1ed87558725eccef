from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from humor_training.data.coding import FINEST, TOLERANCE, decode, encode, quantise


def volume(shape: tuple[int, int, int], seed: int = 0) -> np.ndarray:
    """Smooth, noisy, and with the extremes of 8 bit."""
    rng = np.random.default_rng(seed)
    z, y, x = np.indices(shape)
    levels = 120 + 60 * np.sin(z / 5) + 40 * np.cos(y / 7 + x / 3) + rng.normal(0, 3, shape)
    levels[rng.random(shape) < 0.01] = 255
    levels[rng.random(shape) < 0.01] = 0
    return levels.astype(np.uint8)


@pytest.mark.parametrize("shape", [(32, 48, 16), (17, 33, 20), (1, 5, 40), (3, 2, 1), (16, 16, 16)])
def test_levels_inside_come_back_exactly_and_nothing_outside(shape: tuple[int, int, int]) -> None:
    levels = volume(shape)
    inside = np.random.default_rng(1).random(shape) < 0.7
    small, large, axes = encode(levels, inside)
    np.testing.assert_array_equal(decode(small, large, inside, axes), levels * inside)


def test_random_levels_come_back_exactly() -> None:
    levels = np.random.default_rng(5).integers(0, 256, (20, 18, 22)).astype(np.uint8)
    inside = np.ones(levels.shape, bool)
    small, large, axes = encode(levels, inside)
    np.testing.assert_array_equal(decode(small, large, inside, axes), levels)


def test_a_volume_without_any_voxel_inside_is_nothing() -> None:
    inside = np.zeros((8, 8, 8), bool)
    small, large, axes = encode(volume((8, 8, 8)), inside)
    assert not decode(small, large, inside, axes).any()


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_smoothest_axis_is_predicted_last(order: tuple[int, int, int]) -> None:
    rng = np.random.default_rng(0)
    rough = rng.integers(0, 100, (32, 32, 1)) + rng.integers(0, 9, (32, 1, 32))
    levels = np.broadcast_to(rough, (32, 32, 32)).astype(np.uint8)  # second differences: 1st > 2nd, 3rd small
    axes = encode(np.ascontiguousarray(levels.transpose(order)), np.ones((32, 32, 32), bool))[2]
    assert order[axes[2]] == 2


def test_a_smooth_image_takes_a_small_part_of_its_zero_order_entropy() -> None:
    z, y, x = np.indices((48, 48, 48))
    levels = (100 + 50 * np.sin(z / 6) * np.cos(y / 8) + x / 2).astype(np.uint8)
    share = np.bincount(levels.ravel()) / levels.size
    entropy = -(share[share > 0] * np.log2(share[share > 0])).sum()
    small, large, _ = encode(levels, np.ones(levels.shape, bool))
    assert 8 * (len(small) + len(large)) / levels.size < 0.35 * entropy


def test_another_mask_and_damaged_bytes_are_refused() -> None:
    levels, inside = volume((16, 16, 16)), np.ones((16, 16, 16), bool)
    small, large, axes = encode(levels, inside)
    with pytest.raises(ValueError, match="belong to the mask"):
        decode(small, large, np.arange(4096).reshape(16, 16, 16) < 999, axes)
    with pytest.raises(ValueError, match="damaged"):
        decode(small[:-20], large, inside, axes)
    with pytest.raises(ValueError, match="damaged"):
        decode(small, small, inside, axes)  # as many small as large residuals: never


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
