"""Sliding windows without torch: where they lie, and their weighted sum.

The same rules as MONAI's ``sliding_window_inference`` (constant steps, the last window flush with
the border, Gaussian weights), which the torch backend uses; a test holds both to the same result.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

import numpy as np

from ..window_sizes import TOKEN

SIGMA = 0.125  # of a window's edge, as in MONAI and nnU-Net
MINIMUM_WEIGHT = 1e-3

Triple = tuple[int, int, int]
Predict = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray | None]]


def padded_shape(shape: Sequence[int], multiple: int) -> Triple:
    """Lengths rounded up to whole multiples."""
    d, h, w = (-(-length // multiple) * multiple for length in shape)
    return d, h, w


def place_affine(edges: Sequence[float]) -> np.ndarray:
    """The 4×4 affine from the index of a place to voxel indices.

    Args:
        edges: voxels along each edge of a place; the first place begins at the first voxel, and its
            centre is the centre of its voxels.
    """
    affine = np.diag([*edges, 1.0]).astype(float)
    affine[:3, 3] = (np.asarray(edges, float) - 1) / 2
    return affine


def starts(length: int, window: int, overlap: float) -> list[int]:
    """First voxels of windows along one axis; all multiples of 16 if the lengths are."""
    if window >= length:
        return [0]
    found = list(range(0, length - window, step_of(window, overlap)))
    return [*found, length - window]


def step_of(window: int, overlap: float) -> int:
    """Voxels from one window to the next: whole tokens, so that gate weights of windows meet."""
    return max(TOKEN, int(window * (1 - overlap)) // TOKEN * TOKEN)


def boxes(shape: Triple, window: Triple, overlap: float) -> list[tuple[slice, slice, slice]]:
    """All windows of a case; a window longer than the case is cut to it."""
    edges = [min(edge, length) for edge, length in zip(window, shape, strict=True)]
    axes = [starts(length, edge, overlap) for length, edge in zip(shape, edges, strict=True)]
    return [
        (slice(z, z + edges[0]), slice(y, y + edges[1]), slice(x, x + edges[2])) for z, y, x in product(*axes)
    ]


def gaussian(window: Triple) -> np.ndarray:
    """Weights ``[D, H, W]`` of a window: 1 in the middle, never below ``MINIMUM_WEIGHT``."""
    weights = np.ones((1, 1, 1))
    for axis, edge in enumerate(window):
        place = np.arange(edge) - (edge - 1) / 2
        line = np.exp(-0.5 * (place / (SIGMA * edge)) ** 2)
        weights = weights * line.reshape([-1 if a == axis else 1 for a in range(3)])
    return np.maximum(weights / weights.max(), MINIMUM_WEIGHT).astype(np.float32)


def stitch(
    image: np.ndarray, window: Triple, overlap: float, predict: Predict, progress: Callable[[float], None]
) -> tuple[np.ndarray, np.ndarray | None]:
    """Predict window by window and average with Gaussian weights.

    Args:
        image: ``[4, D, H, W]``, edges multiples of 16.
        predict: ``[4, d, h, w]`` to probabilities ``[3, d, h, w]`` and gates ``[G, E, d/16, ...]``
            or None.

    Returns:
        probabilities ``[3, D, H, W]`` and gates ``[G, E, D/16, H/16, W/16]`` or None.
    """
    shape: Triple = (image.shape[1], image.shape[2], image.shape[3])
    every = boxes(shape, window, overlap)
    fine = _Average(shape)
    coarse = _Average((shape[0] // TOKEN, shape[1] // TOKEN, shape[2] // TOKEN))
    for done, box in enumerate(every, start=1):
        probabilities, gates = predict(np.ascontiguousarray(image[(slice(None), *box)]))
        edges: Triple = (probabilities.shape[-3], probabilities.shape[-2], probabilities.shape[-1])
        weights = gaussian(edges)
        fine.add(probabilities, box, weights)
        if gates is not None:
            coarse.add(gates, _coarse(box), _pooled(weights))
        progress(done / len(every))
    result = fine.mean()
    assert result is not None
    return result, coarse.mean()


class _Average:
    """A running weighted mean of windows over a grid."""

    def __init__(self, shape: Triple) -> None:
        self._sum: np.ndarray | None = None
        self._weight = np.zeros(shape, np.float32)

    def add(self, values: np.ndarray, box: tuple[slice, slice, slice], weights: np.ndarray) -> None:
        """Add ``values [..., d, h, w]`` at ``box``."""
        if self._sum is None:
            self._sum = np.zeros((*values.shape[:-3], *self._weight.shape), np.float32)
        flat = self._sum.reshape(-1, *self._weight.shape)
        for total, part in zip(flat, values.reshape(-1, *weights.shape), strict=True):
            total[box] += part * weights  # one after the other: memory may be short
        self._weight[box] += weights

    def mean(self) -> np.ndarray | None:
        """The mean, or None if nothing was added; nothing can be added after."""
        if self._sum is not None:
            self._sum /= self._weight
        return self._sum


def _coarse(box: tuple[slice, ...]) -> tuple[slice, slice, slice]:
    z, y, x = (slice(part.start // TOKEN, part.stop // TOKEN) for part in box)
    return z, y, x


def _pooled(weights: np.ndarray) -> np.ndarray:
    """Mean weights of 16³ blocks."""
    d, h, w = (edge // TOKEN for edge in weights.shape)
    return weights.reshape(d, TOKEN, h, TOKEN, w, TOKEN).mean(axis=(1, 3, 5))
