"""From probabilities to masks: nesting, thresholds, removal of small components."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ..box import bounding_box
from ..regions import nest

STEPS = 255
"""Probabilities are kept in files in steps of 1/255."""


def limit_of(threshold: float) -> float:
    """The probability from which on the stored one, rounded to its step, reaches ``threshold``.

    Cut there, a network's own probabilities and those from the file give the same masks.
    """
    return (math.ceil(threshold * STEPS - 1e-6) - 0.5) / STEPS  # 0.6 * 255 is 153 and a little


def nested_masks(probabilities: np.ndarray, thresholds: Sequence[float]) -> np.ndarray:
    """Bool masks ``[3, ...]`` of nested probabilities ``[3, ...]``, one threshold per region.

    With different thresholds a region could leave its parent; it is cut back to it.
    """
    limits = np.asarray([limit_of(each) for each in thresholds], np.float32).reshape(
        -1, *[1] * (probabilities.ndim - 1)
    )
    return nest(probabilities >= limits)


def remove_small_components(masks: np.ndarray, voxel_ml: float, minimum_ml: float) -> np.ndarray:
    """Drop connected parts (26-neighbours) smaller than ``minimum_ml`` from each mask ``[3, D, H, W]``.

    Masks stay nested: a part of a region whose parent's part was dropped goes with it.
    """
    if minimum_ml <= 0:
        return masks
    smallest = minimum_ml / voxel_ml
    return nest(np.stack([_without_small(mask, smallest) for mask in masks]))


def _without_small(mask: np.ndarray, smallest: float) -> np.ndarray:
    box = bounding_box(mask)
    if box is None:
        return mask
    from scipy import ndimage

    # Only the tumour's box: labelling the whole head would take longer than the network.
    parts, count = ndimage.label(mask[box], structure=np.ones((3, 3, 3), bool))
    keep = np.bincount(parts.ravel(), minlength=count + 1) >= smallest
    keep[0] = False
    cleaned = np.zeros_like(mask)
    cleaned[box] = keep[parts]
    return cleaned
