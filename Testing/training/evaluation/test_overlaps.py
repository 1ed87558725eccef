from __future__ import annotations

import math

import pytest

from humor_training.evaluation.mask import cut
from humor_training.evaluation.measures import (
    mask_dice,
    precision,
    relative_volume_error,
    sensitivity,
    volume_error_ml,
)
from training.evaluation.shapes import EMPTY, MM, cube

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
