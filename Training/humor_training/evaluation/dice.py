"""Dice of masks, with what to do about empty ones."""

from __future__ import annotations

import numpy as np

from humor.regions import REGION_KEYS


def dice(prediction: np.ndarray, truth: np.ndarray) -> float:
    """``2 |A ∩ B| / (|A| + |B|)`` of two bool masks; 1 where both are empty (as BraTS counts)."""
    return dice_of_counts(int((prediction & truth).sum()), int(prediction.sum()), int(truth.sum()))


def dice_of_counts(both: int, found: int, truth: int) -> float:
    """Dice from numbers of voxels: in both masks, in one, in the other."""
    return 1.0 if found + truth == 0 else 2.0 * both / (found + truth)


def region_dice(prediction: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """Region → Dice of bool masks ``[3, ...]`` (WT, TC, ET)."""
    pairs = zip(REGION_KEYS, prediction, truth, strict=True)
    return {key: dice(guess, expert) for key, guess, expert in pairs}
