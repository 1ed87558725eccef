"""Whole numbers as users write them."""

from __future__ import annotations

import pytest

from humor.user_input import whole_number


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("96", 96), ("007", 7), ("-3", -3)])
def test_numbers(text: str, number: int) -> None:
    assert whole_number(text, -10, 100) == number


@pytest.mark.parametrize(
    "text", ["", "９６", "²", "1e2", "1_000", " 1", "+1", "0x10", "101", "-11", "1" * 5000, "nan", "1.0"]
)
def test_no_numbers(text: str) -> None:
    assert whole_number(text, -10, 100) is None
