"""All thresholds at once, against every combination tried one by one."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from humor.inference.postprocessing import nested_masks
from humor.regions import REGION_KEYS, USUAL_THRESHOLD, nest
from humor_training.evaluation.measures import region_dice
from humor_training.evaluation.thresholds import LEVELS, ThresholdSweep

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


def test_dice_of_the_choice_is_that_of_the_masks() -> None:
    results = [blurred(0), blurred(1), blurred(2, with_core=False)]
    sweep = ThresholdSweep()
    for index, (found, truth) in enumerate(results):
        sweep.add(f"patient {index}", found, truth)
    choice = sweep.best()
    assert choice.dice == pytest.approx(by_hand(results, tuple(choice.thresholds.values())), abs=1e-4)
    assert choice.usual_dice == pytest.approx(by_hand(results, (USUAL_THRESHOLD,) * 3), abs=1e-4)


def test_one_patient_gets_the_best_of_all_combinations() -> None:
    results = [blurred(0), blurred(1)]
    sweep = ThresholdSweep()
    for found, truth in results:
        sweep.add("a patient", found, truth)
    choice = sweep.best()
    best = max(np.mean([*by_hand(results, tried).values()]) for tried in product(LEVELS[::2], repeat=3))
    assert np.mean([*choice.dice.values()]) >= best - 1e-4
    assert choice.thresholds["WT"] > USUAL_THRESHOLD > choice.thresholds["ET"]


def test_what_patients_do_not_agree_on_stays_usual() -> None:
    """0.3 is tumour in one patient and, in fewer voxels, none in the other: on average it would be better."""
    truth = np.zeros((3, 4, 4, 4), bool)
    truth[:, :2] = True
    beside = np.zeros_like(truth)
    beside[:, 2, :2] = True
    sweep = ThresholdSweep()
    sweep.add("one", np.where(truth, 0.9, 0.3).astype(np.float32), np.ones_like(truth))
    alone = sweep.best()
    assert all(threshold <= 0.3 for threshold in alone.thresholds.values())
    sweep.add("other", np.where(truth, 0.9, 0.3 * beside).astype(np.float32), truth)
    both = sweep.best()
    assert both.thresholds == dict.fromkeys(REGION_KEYS, USUAL_THRESHOLD)
    assert sum(both.usual_dice.values()) < 3 * (1.0 + 2 * 32 / (32 + 40)) / 2


def test_a_network_that_is_sure_keeps_the_usual_thresholds() -> None:
    _, truth = blurred(0)
    sweep = ThresholdSweep()
    sweep.add("a patient", truth.astype(np.float32), truth)
    choice = sweep.best()
    assert choice.thresholds == dict.fromkeys(REGION_KEYS, USUAL_THRESHOLD)
    assert choice.dice == dict.fromkeys(REGION_KEYS, 1.0)


def test_inventing_a_region_is_paid_for() -> None:
    found = np.full((3, 4, 4, 4), 0.0, np.float32)
    found[:, 0, 0, 0] = 0.7
    truth = np.zeros(found.shape, bool)
    sweep = ThresholdSweep()
    sweep.add("a patient", found, truth)
    assert sweep.best().thresholds["WT"] > 0.7
    assert sweep.best().usual_dice["WT"] == 0.0


def test_nothing_to_choose_by_is_an_error() -> None:
    with pytest.raises(ValueError, match="no result"):
        ThresholdSweep().best()
