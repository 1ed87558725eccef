from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from monai.metrics import CalibrationErrorMetric, compute_hausdorff_distance

from humor_training.evaluation.mask import cut
from humor_training.evaluation.measures import (
    calibration_error,
    dice,
    hd95,
    mask_dice,
    precision,
    region_dice,
    relative_volume_error,
    sensitivity,
    volume_error_ml,
)
from training.evaluation.shapes import EMPTY, MM, cube, noise


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


FOUND, TRUTH = cut(cube((4, 4, 4), 4), MM), cut(cube((6, 4, 4), 6), MM)
"""64 and 216 voxels, 2 × 4 × 4 = 32 of them in both."""


def test_shares_of_masks() -> None:
    assert mask_dice(FOUND, TRUTH) == pytest.approx(2 * 32 / 280)
    assert sensitivity(FOUND, TRUTH) == pytest.approx(32 / 216)
    assert precision(FOUND, TRUTH) == pytest.approx(32 / 64)


def test_shares_of_nothing_are_undefined_and_dice_counts_as_in_brats() -> None:
    assert mask_dice(EMPTY, EMPTY) == 1.0
    assert mask_dice(FOUND, EMPTY) == mask_dice(EMPTY, FOUND) == 0.0
    assert math.isnan(sensitivity(FOUND, EMPTY)) and sensitivity(EMPTY, TRUTH) == 0.0
    assert math.isnan(precision(EMPTY, TRUTH)) and precision(FOUND, EMPTY) == 0.0


def test_volume_errors_have_no_sign() -> None:
    assert volume_error_ml(FOUND, TRUTH) == volume_error_ml(TRUTH, FOUND) == pytest.approx(0.152)
    assert relative_volume_error(FOUND, TRUTH) == pytest.approx(152 / 216)
    assert math.isnan(relative_volume_error(FOUND, EMPTY))


def test_two_voxels_are_as_far_apart_as_their_centres() -> None:
    one, other = cube((2, 2, 2), 1), cube((5, 4, 2), 1)
    assert hd95(cut(one, MM), cut(other, MM)) == pytest.approx(13**0.5)
    assert hd95(cut(one, (1.0, 2.0, 3.0)), cut(other, (1.0, 2.0, 3.0))) == pytest.approx(5.0)


def test_a_mask_is_at_no_distance_from_itself() -> None:
    assert hd95(cut(noise(0), MM), cut(noise(0), MM)) == 0.0


@pytest.mark.parametrize("spacing", [MM, (1.0, 2.5, 0.7)])
def test_the_distance_is_monais(spacing: tuple[float, float, float]) -> None:
    found, truth = noise(1), noise(2)
    one, other = (torch.from_numpy(mask)[None, None] for mask in (found, truth))
    theirs = compute_hausdorff_distance(
        one, other, include_background=True, percentile=95, spacing=list(spacing)
    )
    assert float(theirs) > 2
    assert hd95(cut(found, spacing), cut(truth, spacing)) == pytest.approx(float(theirs), rel=1e-5)


def test_empty_masks_count_as_in_brats() -> None:
    some = cut(cube((2, 2, 2), 3), MM)
    assert hd95(EMPTY, EMPTY) == 0.0
    assert hd95(EMPTY, some) == hd95(some, EMPTY) == 374.0


def test_the_error_is_the_weighted_gap_between_said_and_true() -> None:
    said, true = np.array([0.1, 0.1, 0.9, 0.9]), np.array([False, False, True, False])
    # Two voxels said 0.1 of which 0 are true, two said 0.9 of which half are.
    assert calibration_error(said, true) == pytest.approx(0.5 * 0.1 + 0.5 * 0.4)


def test_sure_and_right_is_no_error_and_sure_and_wrong_is_one() -> None:
    true = np.array([True, False])
    assert calibration_error(np.array([1.0, 0.0]), true) == 0.0
    assert calibration_error(np.array([0.0, 1.0]), true) == 1.0


def test_probabilities_that_come_true_as_often_as_they_say_have_a_small_error() -> None:
    rng = np.random.default_rng(0)
    said = rng.random(200_000).astype(np.float32)
    assert calibration_error(said, rng.random(said.size) < said) < 0.01
    assert calibration_error(said, rng.random(said.size) < said**2) == pytest.approx(1 / 6, abs=0.01)


def test_the_calibration_error_is_monais() -> None:
    rng = np.random.default_rng(1)
    said, true = rng.random(4096).astype(np.float32), rng.random(4096) < 0.3
    metric = CalibrationErrorMetric(num_bins=15, calibration_reduction="expected")
    shape = (1, 1, 16, 16, 16)
    metric(torch.from_numpy(said).reshape(shape), torch.from_numpy(true).float().reshape(shape))
    theirs = metric.aggregate()
    assert isinstance(theirs, torch.Tensor)
    assert calibration_error(said, true) == pytest.approx(theirs.item(), abs=1e-5)


def test_without_voxels_it_is_undefined() -> None:
    assert math.isnan(calibration_error(np.zeros(0), np.zeros(0, bool)))
