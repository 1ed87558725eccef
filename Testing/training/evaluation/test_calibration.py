from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from monai.metrics import CalibrationErrorMetric

from humor_training.evaluation.measures import calibration_error


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


def test_it_is_monais() -> None:
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
