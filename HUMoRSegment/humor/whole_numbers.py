"""Whole numbers as users write them. Python's ``int`` takes more: ``९६``, ``1_000``, thousands of digits."""

from __future__ import annotations

import re

_WRITTEN = re.compile(r"-?[0-9]{1,18}")


def whole_number(text: str, smallest: int, largest: int) -> int | None:
    """The number that a text is; None if it is none, or lies outside the limits."""
    if not _WRITTEN.fullmatch(text):
        return None
    number = int(text)
    return number if smallest <= number <= largest else None
