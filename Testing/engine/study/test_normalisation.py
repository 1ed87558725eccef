"""z-scores inside the brain."""

from __future__ import annotations

import numpy as np
import pytest

from humor.study.normalisation import CLIP, normalise


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
    assert abs(out[brain].mean()) < 1e-3
    assert abs(out[brain].std() - 1) < 1e-3
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
    assert abs(out[own].mean()) < 1e-4


def test_inverted_values_are_turned(brain):
    values = np.random.default_rng(0).normal(0, 1, brain.shape)
    assert np.allclose(
        _normalised(-values, brain, brain, inverted=True), _normalised(values, brain, brain), atol=1e-5
    )


def test_a_sequence_that_shows_nothing_of_the_brain_is_as_if_missing(brain):
    assert not _normalised(np.full(brain.shape, 3.0), brain, brain).any()
    assert not _normalised(np.ones(brain.shape), ~brain, brain).any()
