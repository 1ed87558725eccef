"""When to warn, and how often."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from humor.inference.segmentation import Segmentation
from humor.output.warnings import all_warnings, result_warnings

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
    assert sum(words in sentence for sentence in result_warnings(make_segmentation(**arguments))) == 1


def test_those_of_case_run_and_result_come_together_without_repeats(make_segmentation: Make) -> None:
    segmentation = make_segmentation(sequences=("t1", "flair"), warnings=["Odd.", "From the run."])
    segmentation.case.warnings.extend(["From the case.", "Odd."])
    sentences = all_warnings(segmentation)
    assert sentences[:3] == ["From the case.", "Odd.", "From the run."]
    assert sentences[3:] == result_warnings(segmentation)
