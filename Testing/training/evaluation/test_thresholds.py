"""All thresholds at once, against every combination tried one by one."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from humor.inference.postprocessing import nested_masks
from humor.regions import REGION_KEYS, USUAL_THRESHOLD, nest
from humor_training.evaluation.dice import region_dice
from humor_training.evaluation.thresholds import LEVELS, TOLERANCE, ThresholdSweep

Result = tuple[np.ndarray, np.ndarray]


def blurred(seed: int, with_core: bool = True) -> Result:
    """Probabilities of a tumour that claim too much of WT and too little of ET, and its truth."""
    rng = np.random.default_rng(seed)
    truth = np.zeros((3, 6, 6, 6), bool)
    for region, edge in enumerate((5, 4, 3)):
        truth[region, :edge, :edge, :edge] = region == 0 or with_core
    offsets = np.array([0.8, -0.4, -1.6]).reshape(-1, 1, 1, 1)
    logits = 3.0 * (truth - 0.5) + offsets + rng.normal(size=truth.shape)
    return nest((1 / (1 + np.exp(-logits))).astype(np.float32)), truth


def by_hand(results: list[Result], thresholds: tuple[float, ...]) -> dict[str, float]:
    dice = [region_dice(nested_masks(found, thresholds), truth) for found, truth in results]
    return {key: float(np.mean([row[key] for row in dice])) for key in REGION_KEYS}


def test_the_choice_is_as_good_as_the_best_of_all_combinations() -> None:
    results = [blurred(0), blurred(1), blurred(2, with_core=False)]
    sweep = ThresholdSweep()
    for found, truth in results:
        sweep.add(found, truth)
    choice = sweep.best()
    coarse = LEVELS[::2]
    best = max(np.mean([*by_hand(results, tried).values()]) for tried in product(coarse, repeat=3))
    assert np.mean([*choice.dice.values()]) >= best - TOLERANCE
    assert choice.dice == pytest.approx(by_hand(results, tuple(choice.thresholds.values())), abs=1e-4)
    assert choice.usual_dice == pytest.approx(by_hand(results, (USUAL_THRESHOLD,) * 3), abs=1e-4)
    assert choice.thresholds["WT"] > USUAL_THRESHOLD > choice.thresholds["ET"]


def test_a_network_that_is_sure_keeps_the_usual_thresholds() -> None:
    _, truth = blurred(0)
    sweep = ThresholdSweep()
    sweep.add(truth.astype(np.float32), truth)
    choice = sweep.best()
    assert choice.thresholds == dict.fromkeys(REGION_KEYS, USUAL_THRESHOLD)
    assert choice.dice == dict.fromkeys(REGION_KEYS, 1.0)


def test_inventing_a_region_is_paid_for() -> None:
    found = np.full((3, 4, 4, 4), 0.0, np.float32)
    found[:, 0, 0, 0] = 0.7
    truth = np.zeros(found.shape, bool)
    sweep = ThresholdSweep()
    sweep.add(found, truth)
    assert sweep.best().thresholds["WT"] > 0.7
    assert sweep.best().usual_dice["WT"] == 0.0


def test_nothing_to_choose_by_is_an_error() -> None:
    with pytest.raises(ValueError, match="no result"):
        ThresholdSweep().best()
