"""Curves of a training: what is drawn of them, smoothed and thinned out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

POINTS = 500
"""Of a drawn curve: more than a chart has pixels to show."""
SMOOTHING = 0.1
"""Share of the steps so far that a smoothed value is the mean of."""


@dataclass(frozen=True)
class Curve:
    """Attributes:
    name: for legends.
    x: increasing.
    y: as long as ``x``; no NaN.
    """

    name: str
    x: np.ndarray
    y: np.ndarray


def curve(name: str, x: Sequence[float] | np.ndarray, y: Sequence[float] | np.ndarray) -> Curve:
    """A curve of the points that have a finite value."""
    places, values = np.asarray(x, float), np.asarray(y, float)
    known = np.isfinite(places) & np.isfinite(values)
    return Curve(name, places[known], values[known])


def smooth(raw: Curve) -> Curve:
    """Each value becomes the mean of itself and the last tenth of the values before it.

    The window grows with the training: losses fall fast at first and slowly later, so an even width
    on a logarithmic time scale keeps the start sharp and still averages the noise of the end.
    """
    count = np.arange(1, len(raw.y) + 1)
    first = count - np.ceil(SMOOTHING * count).astype(int)
    sums = np.concatenate([[0.0], np.cumsum(raw.y)])
    return Curve(raw.name, raw.x, (sums[count] - sums[first]) / np.maximum(count - first, 1))


def thin(full: Curve, points: int = POINTS) -> Curve:
    """At most ``points`` of a curve's points: first, last, and the extremes of equal stretches.

    So a spike of one step is still seen, which every n-th point or means would lose.
    """
    size = len(full.y)
    if size <= points:
        return full
    edges = np.linspace(1, size - 1, (points - 2) // 2 + 1).astype(int)
    kept = {0, size - 1}
    for start, end in pairwise(edges.tolist()):
        kept |= {start + int(full.y[start:end].argmin()), start + int(full.y[start:end].argmax())}
    order = np.array(sorted(kept))
    return Curve(full.name, full.x[order], full.y[order])
