from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from humor_training.augmentation.config import (
    AugmentationConfig,
    IntensityConfig,
    SpatialConfig,
    SynthesisConfig,
)
from humor_training.augmentation.draw import Sample, draw
from humor_training.augmentation.tensor_case import on_device

from .conftest import brain_case

CPU = torch.device("cpu")
SIZE = (32, 48, 32)
CASES = [brain_case("a", (36.0, 44.0, 20.0)), brain_case("b", (30.0, 30.0, 44.0), seed=1)]


def sample(seed: int, config: AugmentationConfig) -> Sample:
    return draw(CASES, SIZE, config, np.random.default_rng(seed), CPU)


def same(first: Sample, second: Sample) -> bool:
    return all(torch.equal(getattr(first, name), getattr(second, name)) for name in vars(first))


def test_a_sample_has_the_promised_shapes_and_types() -> None:
    got = sample(0, AugmentationConfig(transplant=0.5))
    assert got.image.shape == (4, *SIZE) and got.image.dtype == torch.float32
    assert got.regions.shape == (3, *SIZE) and set(got.regions.unique().tolist()) <= {0.0, 1.0}
    assert got.available.shape == (4,) and got.available.dtype == torch.bool


@pytest.mark.parametrize("transplant", [0.0, 1.0])
def test_the_same_chance_gives_the_same_sample(transplant: float) -> None:
    config = AugmentationConfig(transplant=transplant)
    assert same(sample(3, config), sample(3, config))
    assert not same(sample(3, config), sample(4, config))


def test_missing_sequences_are_zeros_and_the_others_are_not() -> None:
    for seed in range(8):
        got = sample(seed, AugmentationConfig(keep_all=0.0))
        assert [bool(channel.any()) for channel in got.image] == got.available.tolist()


def test_cases_on_the_device_give_what_arrays_give() -> None:
    config = AugmentationConfig(transplant=1.0)
    there = [on_device(case, CPU) for case in CASES]
    got = draw(there, SIZE, config, np.random.default_rng(1), CPU)
    assert same(got, sample(1, config))


def test_regions_are_nested_and_most_windows_show_tumour() -> None:
    config, shown = AugmentationConfig(transplant=0.5), 0
    for seed in range(12):
        whole, core, enhancing = sample(seed, config).regions
        assert bool((core <= whole).all()) and bool((enhancing <= core).all())
        shown += bool(whole.any())
    assert shown >= 9


def test_background_stays_exactly_zero() -> None:
    still = SpatialConfig(rotation=0, scale=0, mirror=0, elastic=0)
    loud = IntensityConfig(contrast=1, bias=1, thick_slices=1, ringing=1, sharpness=1, noise=1)
    config = AugmentationConfig(spatial=still, intensity=loud, keep_all=1.0)
    for seed in range(4):
        got = draw(CASES[:1], (64, 80, 64), config, np.random.default_rng(seed), CPU)
        outside = torch.from_numpy(~CASES[0].image.any(axis=0))
        assert not got.image[:, outside].any()


def test_synthetic_patients_are_drawn_when_they_are_asked_for(templates: Path) -> None:
    numbers = SynthesisConfig(anatomies=1, core_ml=(2.0, 4.0), oedema_ml=(4.0, 8.0))
    config = AugmentationConfig(synthetic=1.0, templates=str(templates), synthesis=numbers, keep_all=1.0)
    got = sample(0, config)
    assert bool(got.available.all()) and same(got, sample(0, config))
