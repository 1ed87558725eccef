"""Masks that several tests share."""

from __future__ import annotations

import numpy as np

from humor_training.evaluation.mask import Mask, cut

MM = (1.0, 1.0, 1.0)


def cube(start: tuple[int, int, int], edge: int, shape: int = 40) -> np.ndarray:
    """A bool grid with one cube in it."""
    mask = np.zeros((shape, shape, shape), bool)
    mask[tuple(slice(first, first + edge) for first in start)] = True
    return mask


def noise(seed: int, spread: float = 2.0, shape: tuple[int, int, int] = (30, 34, 26)) -> np.ndarray:
    """A few blobs of any form."""
    from scipy import ndimage

    field = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=shape), spread)
    return field > np.quantile(field, 0.9)


EMPTY: Mask = cut(np.zeros((8, 8, 8), bool), MM)
