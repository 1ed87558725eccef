"""Shares of one mask that lie in the other."""

from __future__ import annotations

from .dice import dice_of_counts
from .mask import Mask, overlap


def mask_dice(found: Mask, truth: Mask) -> float:
    """Dice of two masks; 1 where both are empty."""
    return dice_of_counts(overlap(found, truth), found.size, truth.size)


def sensitivity(found: Mask, truth: Mask) -> float:
    """Share of the truth that was found; NaN where there is no truth."""
    return overlap(found, truth) / truth.size if truth.size else float("nan")


def precision(found: Mask, truth: Mask) -> float:
    """Share of what was found that is true; NaN where nothing was found."""
    return overlap(found, truth) / found.size if found.size else float("nan")
