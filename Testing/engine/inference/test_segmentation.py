"""When to warn, and how often."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from humor.inference.plausibility import Plausibility
from humor.inference.segmentation import (
    OUTSIDE_BRAIN,
    PIECES,
    SHARE_OF_BRAIN,
    SYMMETRY,
    Segmentation,
    all_warnings,
    result_warnings,
)
from humor.warnings import warn

Make = Callable[..., Segmentation]


def test_a_usual_result_has_none(segmentation: Segmentation) -> None:
    assert result_warnings(segmentation) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"sequences": ("t1", "flair")}, "T1c is missing"),
        ({"sequences": ("t1", "t1c")}, "FLAIR and T2 are missing"),
        ({"sequences": ("flair",)}, "Only FLAIR was given"),
        ({"radii": (0.0, 0.0, 0.0)}, "No tumour was found"),
        ({"radii": (5.0, 3.0, 2.0)}, "very small"),
        ({"radii": (60.0, 3.0, 2.0), "spacing": (3.0, 3.0, 6.0)}, "very large"),
        ({"radii": (23.0, 3.0, 2.0)}, "edge of the image"),
    ],
)
def test_each_reason_is_said_once(make_segmentation: Make, arguments: dict, words: str) -> None:
    assert sum(words in str(warning) for warning in result_warnings(make_segmentation(**arguments))) == 1


def test_a_tumour_that_is_the_same_left_and_right_is_called_implausible(segmentation: Segmentation) -> None:
    left = segmentation.regions[0]
    right = left[::-1]  # the first axis of its native grid runs from right to left through the head's middle
    doubled = replace(segmentation, regions=np.stack([left | right] * 3))
    assert doubled.plausibility is not None and doubled.plausibility.symmetry is not None
    assert doubled.plausibility.symmetry > SYMMETRY
    (warning,) = result_warnings(doubled)
    assert warning.code == "implausible_tumour"
    assert f"{doubled.plausibility.symmetry:.0%} is mirrored" in str(warning)


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ({"symmetry": SYMMETRY}, "is mirrored on the other side"),
        ({"share_of_brain": SHARE_OF_BRAIN}, f"It fills {SHARE_OF_BRAIN:.0%} of the brain."),
        ({"outside_brain": OUTSIDE_BRAIN}, f"{OUTSIDE_BRAIN:.0%} lies outside the brain."),
        ({"pieces": PIECES}, f"It is in {PIECES} pieces."),
    ],
)
def test_each_number_has_a_limit_below_which_nothing_is_said(
    segmentation: Segmentation, monkeypatch: pytest.MonkeyPatch, numbers: dict, words: str
) -> None:
    usual = Plausibility(symmetry=None, share_of_brain=0.1, outside_brain=0.0, pieces=1)
    for found, count in ((replace(usual, **numbers), 1), (usual, 0)):
        monkeypatch.setattr(
            "humor.inference.segmentation.plausibility", lambda whole, case, found=found: found
        )
        warnings = result_warnings(replace(segmentation))
        assert sum(words in str(warning) for warning in warnings) == len(warnings) == count


def test_those_of_case_run_and_result_come_together_without_repeats(make_segmentation: Make) -> None:
    case, odd, run = (warn("nan_background", file="t1.nii", count=count) for count in (1, 2, 3))
    segmentation = make_segmentation(sequences=("t1", "flair"), warnings=[odd, run])
    segmentation.case.warnings.extend([case, odd])
    warnings = all_warnings(segmentation)
    assert warnings[:3] == [case, odd, run]
    assert warnings[3:] == result_warnings(segmentation)
