"""Which sequences a training window does without."""

from __future__ import annotations

import numpy as np

from humor.sequences import availability, subset_name, subsets

from .chance import below
from .config import AugmentationConfig


def drop_sequences(available: np.ndarray, config: AugmentationConfig, rng: np.random.Generator) -> np.ndarray:
    """Flags ``[4]`` of a random non-empty subset of the available sequences.

    The rules are those of ``AugmentationConfig``: ``independent`` if it is set, as in published
    curricula, else ``keep_all`` and then ``subset_weights``.

    Args:
        available: flags ``[4]`` of what the case has.
        config: the rules.
        rng: chance.
    """
    if config.independent is not None:
        return _independently(available, config.independent, rng)
    if below(rng, config.keep_all):
        return available
    flags, weights = possible_subsets(available, config.subset_weights)
    if weights.sum() == 0:  # the recipe excludes all that this case could give
        return available
    return flags[rng.choice(len(flags), p=weights / weights.sum())]


def possible_subsets(available: np.ndarray, named: dict[str, float]) -> tuple[list[np.ndarray], np.ndarray]:
    """Flags of the subsets that a case can give, and their relative weights."""
    flags, weights = [], []
    for names in subsets():
        flag = np.array(availability(names))
        if not (flag & ~available).any():
            flags.append(flag)
            missing = len(flag) - int(flag.sum())
            weights.append(named.get(subset_name(names), 1.0 + missing))
    return flags, np.array(weights, float)


def _independently(available: np.ndarray, probability: float, rng: np.random.Generator) -> np.ndarray:
    kept = available & (rng.random(len(available)) >= probability)
    if not kept.any():
        kept[rng.choice(np.flatnonzero(available))] = True
    return kept
