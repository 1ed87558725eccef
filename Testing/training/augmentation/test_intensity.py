from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from humor_training.augmentation.config import IntensityConfig
from humor_training.augmentation.intensity import blurred, vary_intensity

NOTHING = IntensityConfig(
    scale=(1.0, 1.0), shift=0.0, contrast=0, bias=0, thick_slices=0, ringing=0, sharpness=0, noise=0
)
EFFECTS = ("contrast", "bias", "thick_slices", "ringing", "sharpness", "noise")


def changed(**numbers: Any) -> IntensityConfig:
    return replace(NOTHING, **numbers)


def window(seed: int = 0) -> torch.Tensor:
    values = torch.randn(24, 28, 20, generator=torch.Generator().manual_seed(seed))
    values[:6] = 0
    return values


def test_without_any_effect_nothing_changes() -> None:
    before = window()
    assert bool((vary_intensity(before.clone(), NOTHING, np.random.default_rng(0)) == before).all())


@pytest.mark.parametrize("effect", EFFECTS)
def test_every_effect_changes_the_brain_and_leaves_the_background_exactly_zero(effect: str) -> None:
    before = window()
    after = vary_intensity(before.clone(), changed(**{effect: 1.0}), np.random.default_rng(1))
    assert not after[:6].any()
    assert bool(after.isfinite().all()) and float((after - before)[6:].abs().mean()) > 1e-3


def test_gamma_keeps_mean_deviation_and_order() -> None:
    config = replace(NOTHING, contrast=1.0, gamma=(1.4, 1.4))
    before = window()
    before += 0.5 * (before != 0)
    after = vary_intensity(before.clone(), config, np.random.default_rng(0))
    inside = before != 0
    assert abs(float(after[inside].mean() - before[inside].mean())) < 0.05
    assert abs(float(after[inside].std() / before[inside].std()) - 1) < 0.05
    order = before[inside].argsort()
    assert float(after[inside][order].diff().min()) > -1e-4


def test_scale_and_shift_are_those_asked_for() -> None:
    config = replace(NOTHING, scale=(1.5, 1.5))
    before = window()
    torch.testing.assert_close(vary_intensity(before.clone(), config, np.random.default_rng(0)), 1.5 * before)


def test_noise_has_the_deviation_asked_for() -> None:
    config = replace(NOTHING, noise=1.0, noise_level=(0.2, 0.2))
    before = window()
    added = (vary_intensity(before.clone(), config, np.random.default_rng(0)) - before)[6:]
    assert 0.19 < float(added.std()) < 0.21


def test_thick_slices_and_lost_frequencies_make_neighbours_alike() -> None:
    before = window()
    for effect, value in (
        ("thick_slices", {"slice_factor": (4.0, 4.0)}),
        ("ringing", {"kept_frequencies": (0.3, 0.3)}),
    ):
        config = changed(**{effect: 1.0}, **value)
        after = vary_intensity(before.clone(), config, np.random.default_rng(0))
        assert float(after[6:].std()) < 0.75 * float(before[6:].std())


def test_blur_is_the_binomial_filter() -> None:
    point = torch.zeros(7, 7, 7)
    point[3, 3, 3] = 64.0
    smooth = blurred(point)
    assert smooth[3, 3, 3] == 8 and smooth[2, 3, 3] == 4 and smooth[2, 2, 3] == 2 and smooth[2, 2, 2] == 1
    assert float(smooth.sum()) == 64


def test_a_window_without_brain_stays_empty() -> None:
    always = changed(**{effect: 1.0 for effect in EFFECTS})
    assert not vary_intensity(torch.zeros(8, 8, 8), always, np.random.default_rng(0)).any()


def test_the_same_chance_gives_the_same_intensities() -> None:
    config = IntensityConfig(**{effect: 1.0 for effect in EFFECTS})  # type: ignore[arg-type]
    a, b, c = (vary_intensity(window(), config, np.random.default_rng(n)) for n in (1, 1, 2))
    assert bool((a == b).all()) and not bool((a == c).all())
