"""A chosen volume as the checks see it: coarsely, so that looking is quick."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from humor.errors import InputError
from humor.study.brain import Foreground, find_foreground
from humor.study.grid import Grid
from humor.study.volume import Volume

from .volume_node import moved_non_linearly, own_grid, refusal, value_refusal, voxels, world_grid

COARSE_MM = 3.0
"""Voxel size to which volumes are thinned out; larger ones stay. A head has some 100,000 such voxels."""
PLACES = 20_000
"""Foreground voxels with which the overlap is measured; tells per cents apart."""


@dataclass(frozen=True)
class Seen:
    """A volume that can be segmented.

    Attributes:
        data: ``[k, j, i]``, all its voxels, not copied.
        grid: of all its voxels ``[i, j, k]``, in the world; under a non-linear transform before it.
        bent: whether there is such a transform, so that ``grid`` is not where it is.
        coarse_grid: of the thinned voxels.
        foreground: brain or head on ``coarse_grid``.
    """

    data: np.ndarray
    grid: Grid
    bent: bool
    coarse_grid: Grid
    foreground: Foreground

    def places(self) -> np.ndarray:
        """World places ``[4, n]`` (RAS, homogeneous) of evenly chosen foreground voxels."""
        indices = np.argwhere(self.foreground.mask)
        indices = indices[:: max(1, len(indices) // PLACES)]
        return self.coarse_grid.affine @ np.column_stack([indices, np.ones(len(indices))]).T


def look_at(node: Any) -> Seen | str:
    """What the checks need of a node, or the sentence why it cannot be segmented."""
    if problem := refusal(node):
        return problem
    data, bent = voxels(node), moved_non_linearly(node)
    if problem := value_refusal(node, data):
        return problem
    try:
        grid = own_grid(node) if bent else world_grid(node)
    except InputError as error:
        return str(error)
    steps = [max(1, round(COARSE_MM / length)) for length in grid.spacing]
    coarse = np.ascontiguousarray(data[:: steps[2], :: steps[1], :: steps[0]]).T
    coarse_grid = Grid(coarse.shape, grid.affine @ np.diag([*map(float, steps), 1.0]))
    volume = Volume(_finite(coarse), 1.0, 0.0, coarse_grid, Path())
    return Seen(data, grid, bent, coarse_grid, find_foreground(volume))


def _finite(data: np.ndarray) -> np.ndarray:
    """NaN as background, below all other values, as the engine takes it."""
    if data.dtype.kind != "f" or not np.isnan(data).any():
        return data
    low, high = np.nanmin(data), np.nanmax(data)
    return np.where(np.isnan(data), (low - 0.1 * (high - low or 1)).astype(data.dtype), data)
