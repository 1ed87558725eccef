"""Dice of nested regions, with what to do about empty ones."""

from __future__ import annotations

import numpy as np

from humor.regions import REGION_KEYS


def dice(prediction: np.ndarray, truth: np.ndarray) -> float:
    """``2 |A ∩ B| / (|A| + |B|)`` of two bool masks; 1 where both are empty (as BraTS counts)."""
    total = int(prediction.sum()) + int(truth.sum())
    return 1.0 if total == 0 else 2.0 * int((prediction & truth).sum()) / total


def region_dice(prediction: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """Region → Dice of bool masks ``[3, ...]`` (WT, TC, ET)."""
    pairs = zip(REGION_KEYS, prediction, truth, strict=True)
    return {key: dice(guess, expert) for key, guess, expert in pairs}
