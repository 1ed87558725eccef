"""Smooth noise: its strength, its smoothness, its seed."""

from __future__ import annotations

import numpy as np
import pytest

from humor.sample.space import STEP, BandNoise, Space, smooth_noise


@pytest.mark.parametrize("grain", [5, 9, 16])
def test_smooth_noise_has_unit_strength_and_the_asked_grain(grain):
    field = smooth_noise(np.random.default_rng(0), Space(), grain)
    assert field.std() == pytest.approx(1, abs=0.15)
    slope = np.gradient(field, STEP)[0].std()
    assert 0.5 < slope * grain < 1.3


def test_band_noise_is_seeded_and_has_unit_strength():
    points = tuple(np.random.default_rng(0).uniform(-80, 80, (3, 5000)))
    first, again, other = (BandNoise(np.random.default_rng(seed), 13, 24)(points) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert abs(np.corrcoef(first, other)[0, 1]) < 0.2
    assert first.std() == pytest.approx(1, abs=0.15)
