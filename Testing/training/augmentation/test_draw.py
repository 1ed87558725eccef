from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch

from humor.sequences import availability, subsets
from humor_training.augmentation.config import (
    AugmentationConfig,
    IntensityConfig,
    SpatialConfig,
    SynthesisConfig,
)
from humor_training.augmentation.draw import Sample, draw, drop_sequences, possible_subsets
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


DRAWS = 6000
ALL = np.ones(4, bool)


def frequencies(config: AugmentationConfig, available: np.ndarray = ALL) -> Counter[tuple[bool, ...]]:
    rng = np.random.default_rng(0)
    return Counter(tuple(drop_sequences(available, config, rng).tolist()) for _ in range(DRAWS))


def chi_square(counts: Counter[tuple[bool, ...]], expected: dict[tuple[bool, ...], float]) -> float:
    assert set(counts) <= {key for key, share in expected.items() if share > 0}
    return sum((counts[key] - DRAWS * p) ** 2 / (DRAWS * p) for key, p in expected.items() if p > 0)


def test_hard_subsets_come_more_often_by_the_documented_rule() -> None:
    # Weights: 4 single sequences × 4, 6 pairs × 3, 4 triples × 2, all four × 1: 43 together.
    expected = {}
    for names in subsets():
        flag = availability(names)
        expected[tuple(flag)] = 0.7 * (1 + 4 - len(names)) / 43 + 0.3 * (len(names) == 4)
    assert sum(expected.values()) == pytest.approx(1)
    counts = frequencies(AugmentationConfig(keep_all=0.3))
    assert len(counts) == 15
    assert chi_square(counts, expected) < 36.1  # 0.1% of 14 degrees of freedom


def test_named_weights_replace_the_rule() -> None:
    flags, weights = possible_subsets(ALL, {"t1": 10.0, "t1+t1c+t2+flair": 0.0})
    by_name = {tuple(flag.tolist()): weight for flag, weight in zip(flags, weights, strict=True)}
    assert by_name[availability(["t1"])] == 10 and by_name[(True,) * 4] == 0
    assert by_name[availability(["t2"])] == 4 and by_name[availability(["t1", "t2", "flair"])] == 2


def test_independent_dropping_has_the_frequencies_of_coins_with_at_least_one_kept() -> None:
    p = 0.4
    expected = {}
    for names in subsets():
        kept = len(names)
        share = (1 - p) ** kept * p ** (4 - kept)
        expected[tuple(availability(names))] = share + (p**4 / 4 if kept == 1 else 0)
    assert sum(expected.values()) == pytest.approx(1)
    assert chi_square(frequencies(AugmentationConfig(keep_all=1.0, independent=p)), expected) < 36.1


@pytest.mark.parametrize("independent", [None, 0.5, 1.0])
def test_only_subsets_of_what_is_there_are_drawn_and_never_none(independent: float | None) -> None:
    available = np.array([True, False, True, True])
    config = AugmentationConfig(independent=independent)
    drawn = frequencies(config, available)
    assert all(any(flags) and not flags[1] for flags in drawn)
    assert len(drawn) == (3 if independent == 1.0 else 7)


def test_a_case_of_which_everything_is_excluded_is_kept_as_it_is() -> None:
    config = AugmentationConfig(keep_all=0.0, subset_weights={"t1": 0.0})
    available = np.array([True, False, False, False])
    assert drop_sequences(available, config, np.random.default_rng(0)).tolist() == available.tolist()


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ({"synthetic": 0.2}, "templates"),
        ({"painted": 0.2}, "shapes"),
        ({"painted": -0.1, "shapes": "maps.npz"}, "painted"),
        ({"transplant": 1.5}, "transplant"),
        ({"subset_weights": {"t3": 1.0}}, "t3"),
        ({"subset_weights": {"flair+t1": 1.0}}, "t1\\+flair"),
        ({"subset_weights": {"t1": -1.0}}, "negative"),
    ],
)
def test_impossible_numbers_are_refused_with_the_remedy(numbers: dict, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        AugmentationConfig(**numbers)
