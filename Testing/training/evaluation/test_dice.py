from __future__ import annotations

import numpy as np

from humor_training.evaluation.measures import dice, region_dice


def test_dice_of_masks() -> None:
    one, other = np.array([True, True, False, False]), np.array([True, False, True, False])
    assert dice(one, other) == 0.5
    assert dice(one, one) == 1.0


def test_dice_of_empty_masks_is_one_and_of_one_empty_mask_zero() -> None:
    some, none = np.array([True, False]), np.array([False, False])
    assert dice(none, none) == 1.0
    assert dice(some, none) == dice(none, some) == 0.0


def test_dice_by_region_keeps_their_order() -> None:
    truth = np.array([[True, True], [True, False], [False, False]])
    found = np.array([[True, True], [False, True], [False, True]])
    assert region_dice(found, truth) == {"WT": 1.0, "TC": 0.0, "ET": 0.0}
