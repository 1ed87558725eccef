"""Dice lesion by lesion, so that small lesions count as much as large ones.

The rule of BraTS 2023 for adult glioma (https://github.com/rachitsaluja/BraTS-2023-Metrics): truth
whose parts touch after three dilations is one lesion. All found parts that touch a dilated lesion answer
for it together. Lesions of at most 50 mm³ are not scored, but what touches them is no false positive.
Every found part that touches no lesion is one, and counts 0, whatever its size; so does a lesion that
nothing touches.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from humor.regions import REGION_KEYS

from .mask import Mask, window

DILATIONS = 3
SMALLEST_MM3 = 50.0


@dataclass(frozen=True)
class Lesions:
    """The lesions of a truth, numbered from 1, in a box with room for the dilation.

    Attributes:
        near: lesion number of every voxel after dilation, ``[d, h, w]``.
        inside: the same without dilation.
        start: index of the box's first voxel on the whole grid.
        sizes: voxels of each lesion, ``[lesions + 1]``; the first is 0.
    """

    near: np.ndarray
    inside: np.ndarray
    start: tuple[int, int, int]
    sizes: np.ndarray


def lesion_dice(found: Mask, truth: Mask) -> float:
    """Mean Dice over lesions and false positives; 1 where there are neither."""
    lesions = find_lesions(truth)
    parts, sizes = _parts(found)
    count, lesion_count = len(sizes) - 1, len(lesions.sizes) - 1
    near = window(lesions.near, lesions.start, found.start, found.values.shape)
    inside = window(lesions.inside, lesions.start, found.start, found.values.shape)
    touches = np.zeros((count + 1, lesion_count + 1), bool)
    meeting = (parts > 0) & (near > 0)
    touches[parts[meeting], near[meeting]] = True
    hits = np.bincount(inside[found.values], minlength=lesion_count + 1)
    false_positives = count - int(touches.any(axis=1).sum())
    scored = lesions.sizes * np.prod(truth.spacing) > SMALLEST_MM3
    total = int(scored.sum()) + false_positives
    if total == 0:
        return 1.0
    answering = sizes @ touches  # voxels of the found parts that answer for each lesion
    return float((2.0 * hits[scored] / (lesions.sizes + answering)[scored]).sum() / total)


@lru_cache(maxsize=len(REGION_KEYS))
def find_lesions(truth: Mask) -> Lesions:
    """The lesions of a truth; kept for the regions of the study at hand."""
    from scipy import ndimage

    first, second, third = (edge - DILATIONS for edge in truth.start)
    padded = np.pad(truth.values, DILATIONS)
    dilated = padded
    if truth.size:
        shape = ndimage.generate_binary_structure(3, 2)
        dilated = ndimage.binary_dilation(padded, shape, iterations=DILATIONS)
    near, count = ndimage.label(dilated, np.ones((3, 3, 3), bool))
    inside = near * padded
    sizes = np.bincount(inside.ravel(), minlength=count + 1)
    sizes[0] = 0
    return Lesions(near, inside, (first, second, third), sizes)


def _parts(found: Mask) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of connected parts (26-neighbours), and voxels of each (the first is 0)."""
    from scipy import ndimage

    if not found.size:
        return np.zeros(found.values.shape, int), np.zeros(1, int)
    parts, count = ndimage.label(found.values, np.ones((3, 3, 3), bool))
    sizes = np.bincount(parts.ravel(), minlength=count + 1)
    sizes[0] = 0
    return parts, sizes
