"""Resampling along a smooth map, given at knots of cubic B-splines.

A map that is linear at the knots is linear everywhere, so that rotation, scaling and elastic
deformation are one map and one resampling (Rueckert et al. 1999, IEEE TMI 18:712).
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

from .chance import normal_on

CHUNK_VOXELS = 400_000
"""Of one pass on a CPU: larger sampling grids leave the cache, and new memory costs more than sums."""
SPLINE_DEVIATION = 0.48**1.5
"""Mean deviation of a cubic B-spline with independent normal weights in three dimensions."""

Size = tuple[int, int, int]


def knot_places(length: int, grain: float) -> np.ndarray:
    """Voxel coordinates of the knots along an axis: one before the first voxel, one after the last."""
    return (np.arange(max(1, math.ceil((length - 1) / grain)) + 3) - 1.0) * grain


def spline_weights(length: int, grain: float, device: torch.device) -> Tensor:
    """The matrix ``[length, knots]`` from knots to voxels."""
    distance = np.abs(np.arange(length)[:, None] - knot_places(length, grain)[None]) / grain
    near, far = 2 / 3 - distance**2 + distance**3 / 2, np.clip(2 - distance, 0, None) ** 3 / 6
    return torch.from_numpy(np.where(distance < 1, near, far).astype(np.float32)).to(device)


def smooth_field(size: Size, grain: float, rng: np.random.Generator, device: torch.device) -> Tensor:
    """A random field ``size`` that varies over ``grain`` voxels; deviation near 1."""
    knots = tuple(len(knot_places(length, grain)) for length in size)
    field = normal_on(device, knots, rng) / SPLINE_DEVIATION
    return from_knots(field, grain, size)


def from_knots(values: Tensor, grain: float, size: Size) -> Tensor:
    """Values ``[d, h, w]`` at the knots, interpolated to voxels ``size``."""
    rows, columns, lines = (spline_weights(length, grain, values.device) for length in size)
    values = torch.einsum("sd,dhw->shw", rows, values)
    return torch.einsum("Hh,shw->sHw", columns, values) @ lines.T


def knot_grid(size: Size, grain: float) -> np.ndarray:
    """Voxel coordinates ``[3, d, h, w]`` of all knots of a grid."""
    return np.stack(np.meshgrid(*(knot_places(length, grain) for length in size), indexing="ij"))


def sampling_grids(control: Tensor, grain: float, size: Size, source: Size) -> Iterator[tuple[slice, Tensor]]:
    """Grids for ``torch.nn.functional.grid_sample`` (``align_corners=False``), slab by slab.

    Args:
        control: voxel coordinates in the source ``[3, d, h, w]`` at the knots of the target.
        grain: voxels between knots.
        size: of the target.
        source: shape of what is sampled.

    Yields:
        rows of the target and the grid ``[1, rows, H, W, 3]`` for them.
    """
    shape = torch.tensor(source, dtype=torch.float32, device=control.device)[:, None, None, None]
    control = ((control.float() + 0.5) * (2.0 / shape) - 1.0).flip(0)  # grid_sample wants x first
    rows, columns, lines = (spline_weights(length, grain, control.device) for length in size)
    step = size[0] if control.device.type != "cpu" else max(1, CHUNK_VOXELS // (size[1] * size[2]))
    for start in range(0, size[0], step):
        slab = slice(start, min(start + step, size[0]))
        grid = torch.einsum("sd,cdhw->cshw", rows[slab], control)
        grid = torch.einsum("Hh,cshw->csHw", columns, grid) @ lines.T
        yield slab, grid.permute(1, 2, 3, 0)[None]


def warp(source: Tensor, control: Tensor, grain: float, size: Size) -> Tensor:
    """``source [C, ...]`` along a map (linear interpolation): ``[C, *size]`` float32; 0 beyond it."""
    result = torch.empty((len(source), *size), device=source.device)
    for rows, grid in sampling_grids(control, grain, size, tuple(source.shape[1:])):  # type: ignore[arg-type]
        result[:, rows] = torch.nn.functional.grid_sample(source[None], grid, align_corners=False)[0]
    return result


def box_mean(values: Tensor, width: int) -> Tensor:
    """Mean over the cube of ``width`` voxels around each voxel of ``[D, H, W]`` on the CPU (float32)."""
    return torch.from_numpy(ndimage.uniform_filter(values.float().numpy(), width))
