"""The learning rate over a training."""

from __future__ import annotations

import math

from ..recipe import Recipe

FLOOR = 0.01
"""Of the peak; a rate of 0 would waste the last steps."""


def learning_rate(recipe: Recipe, step: int) -> float:
    """Linear warm-up, then a cosine, or nnU-Net's ``(1 − x)^0.9`` (``poly``), down to 1% of the peak."""
    if step < recipe.warmup:
        return recipe.learning_rate * (step + 1) / recipe.warmup
    done = min((step - recipe.warmup) / max(recipe.steps - recipe.warmup, 1), 1.0)
    fall = (1.0 - done) ** 0.9 if recipe.schedule == "poly" else 0.5 * (1.0 + math.cos(math.pi * done))
    return recipe.learning_rate * (FLOOR + (1.0 - FLOOR) * fall)
