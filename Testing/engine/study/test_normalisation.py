"""z-scores inside the brain."""

from __future__ import annotations

import numpy as np
import pytest

from humor.study.case_building import CLIP, normalise


@pytest.fixture
def brain():
    mask = np.zeros((20, 20, 20), bool)
    mask[4:16, 4:16, 4:16] = True
    return mask


def _normalised(values, own, brain, **more):
    out = np.full(values.shape, 99.0, np.float32)
    normalise(values, own, brain, out, **more)
    return out


def test_mean_0_and_deviation_1_inside_and_exactly_0_outside(brain):
    values = np.random.default_rng(0).normal(500, 80, brain.shape)
    out = _normalised(values, brain, brain)
    assert abs(out[brain].mean()) < 1e-2
    assert abs(out[brain].std() - 1) < 1e-2
    assert not out[~brain].any()


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.int32, np.float32, np.float64])
def test_scale_offset_and_type_do_not_matter(brain, dtype):
    values = np.random.default_rng(0).integers(1, 250, brain.shape)
    expected = _normalised(values.astype(float), brain, brain)
    scale = 131 if dtype == np.int16 else 1  # up to 32750
    assert np.allclose(_normalised((values * scale).astype(dtype), brain, brain), expected, atol=1e-4)


def test_a_large_offset_costs_no_accuracy(brain):
    values = np.random.default_rng(0).normal(0, 1, brain.shape)
    expected = _normalised(values, brain, brain)
    assert np.allclose(_normalised(values + 1e6, brain, brain), expected, atol=1e-3)


def test_outliers_are_clipped(brain):
    values = np.random.default_rng(0).normal(0, 1, brain.shape)
    values[10, 10, 10], values[9, 9, 9] = 1e4, -1e4
    out = _normalised(values, brain, brain)
    assert (out[10, 10, 10], out[9, 9, 9]) == (CLIP, -CLIP)


def test_only_the_own_foreground_counts_for_the_mean(brain):
    values = np.where(
        np.arange(20)[:, None, None] < 10, 0.0, np.random.default_rng(0).normal(5, 2, brain.shape)
    )
    own = brain & (values != 0)
    out = _normalised(values, own, brain)
    assert abs(out[own].mean()) < 1e-2  # the values below the line have a mean of -2.5


def test_inverted_values_are_turned(brain):
    values = np.random.default_rng(0).normal(0, 1, brain.shape)
    assert np.allclose(
        _normalised(-values, brain, brain, inverted=True), _normalised(values, brain, brain), atol=1e-5
    )


@pytest.mark.parametrize("scale", [1e-300, 1e-30, 1e30, 1e298])
def test_values_of_any_size_give_the_same_scores(brain, scale):
    values = np.random.default_rng(0).normal(5, 1, brain.shape)
    assert np.allclose(
        _normalised(values * scale, brain, brain), _normalised(values, brain, brain), atol=1e-5
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("value", [1e6, 1e12, 3e38, -3e38])
def test_one_extreme_voxel_changes_nothing_elsewhere(brain, value, dtype):
    values = np.random.default_rng(0).normal(500, 80, brain.shape).astype(dtype)
    expected = _normalised(values, brain, brain)
    values[10, 10, 10] = value
    out = _normalised(values, brain, brain)
    assert out[10, 10, 10] == np.sign(value) * CLIP
    out[10, 10, 10] = expected[10, 10, 10]
    assert np.allclose(out, expected, atol=0.02)


def test_a_sequence_that_shows_nothing_of_the_brain_is_as_if_missing(brain):
    assert not _normalised(np.full(brain.shape, 3.0), brain, brain).any()
    assert not _normalised(np.ones(brain.shape), ~brain, brain).any()


def test_what_has_one_value_nearly_everywhere_is_said_to_be_no_image(brain):
    values, out = np.full(brain.shape, 3.0), np.empty(brain.shape, np.float32)
    values[10, 10, 4:16] = np.arange(12)
    assert not normalise(values, brain, brain, out)
    assert not out.any()
    assert normalise(np.random.default_rng(0).normal(0, 1, brain.shape), brain, brain, out)
