"""Small helpers around one numpy generator, the only source of chance of a training step."""

from __future__ import annotations

import numpy as np

from humor.sequences import availability, subsets


def below(rng: np.random.Generator, probability: float) -> bool:
    """True with the given probability."""
    return bool(rng.random() < probability)


def drop_sequences(available: np.ndarray, keep_all: float, rng: np.random.Generator) -> np.ndarray:
    """Flags ``[4]`` of a random non-empty subset of the available sequences.

    Args:
        available: flags ``[4]`` of what the case has.
        keep_all: probability of keeping everything; otherwise all subsets are equally likely.
    """
    if below(rng, keep_all):
        return available
    flags = [np.array(availability(names)) for names in subsets()]
    possible = [flag for flag in flags if not (flag & ~available).any()]
    return possible[rng.integers(len(possible))]
