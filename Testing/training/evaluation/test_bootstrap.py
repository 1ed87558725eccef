from __future__ import annotations

import numpy as np
import pytest

from humor_training.data.labelled_study import patient_of
from humor_training.evaluation.summary import mean_interval


def test_the_interval_of_many_patients_is_that_of_the_normal_distribution() -> None:
    values = np.random.default_rng(0).normal(3.0, 2.0, 400)
    found = mean_interval(values.tolist(), [str(n) for n in range(400)])
    assert found is not None and found.patients == 400
    assert found.mean == pytest.approx(values.mean())
    half = 1.96 * values.std() / 20
    assert found.low == pytest.approx(values.mean() - half, abs=0.03)
    assert found.high == pytest.approx(values.mean() + half, abs=0.03)


def test_it_is_the_same_each_time() -> None:
    values, patients = [0.1, 0.5, 0.9], ["a", "b", "c"]
    assert mean_interval(values, patients) == mean_interval(values, patients)


def test_repeating_every_patients_value_does_not_make_the_interval_narrower() -> None:
    values, patients = [0.1, 0.5, 0.9, 0.4], ["a", "b", "c", "d"]
    once, often = mean_interval(values, patients), mean_interval(values * 10, patients * 10)
    assert once is not None and often is not None and often.patients == 4
    assert (often.mean, often.low, often.high) == pytest.approx((once.mean, once.low, once.high))
    assert once.high - once.low > 0.4


def test_undefined_values_and_their_patients_are_left_out() -> None:
    found = mean_interval([0.2, float("nan"), 0.4], ["a", "b", "c"])
    assert found is not None and found.patients == 2
    assert found.mean == pytest.approx(0.3)
    assert (found.low, found.high) == pytest.approx((0.2, 0.4))
    assert mean_interval([float("nan")], ["a"]) is None
    assert mean_interval([], []) is None


def test_time_points_belong_to_one_patient() -> None:
    assert patient_of("BraTS-GLI-00005-001") == patient_of("BraTS-GLI-00005-100") == "BraTS-GLI-00005"
    assert patient_of("sub-07_ses-2") == "sub-07"
    assert patient_of("BraTS2021_00006") == "BraTS2021_00006"
