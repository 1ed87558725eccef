"""Plausibility in words."""

from __future__ import annotations

import pytest

from humor.output.report_json import plausibility_line

NUMBERS = {"symmetry": 0.62, "share_of_brain": 0.1423, "outside_brain": 0.0, "pieces": 1, "of": "brain"}


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ({}, "takes 14.2% of the brain, 0% of it lies outside the brain, 1 piece; 62% of what lies off"),
        ({"symmetry": None}, "1 piece; all of it near the mid-plane."),
        ({"pieces": 3}, "3 pieces"),
        ({"of": "head"}, "14.2% of the head"),
    ],
)
def test_each_number_is_said(numbers: dict, words: str) -> None:
    assert words in plausibility_line({"plausibility": NUMBERS | numbers})


def test_without_a_tumour_or_in_an_earlier_report_there_is_no_line() -> None:
    assert plausibility_line({"plausibility": None}) == plausibility_line({}) == ""
