"""Random training windows: where they lie, how they are turned, scaled, bent and mirrored."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import grid_sample

from humor.regions import REGION_KEYS

from .chance import below
from .config import SpatialConfig
from .tensor_case import TensorCase, regions_of
from .warping import SPLINE_DEVIATION, Size, knot_grid, sampling_grids

BRAIN = 8
"""Added to labels in the brain, so that one resampling gives both, and the background stays exactly 0."""
TRIES = 64
"""Voxels drawn at once to find one inside the brain, which fills about half of its box."""


def random_window(
    case: TensorCase, size: Size, config: SpatialConfig, kept: np.ndarray, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """One window: image ``[4, *size]`` float32 and regions ``[3, *size]`` float32 (0 or 1).

    Crop, rotation, scaling, deformation and mirroring are one resampling of the case (linear for the
    image, nearest for the labels), or a crop of its own voxels (``config.warp``); beyond the case everything
    is background. The position does not depend on which sequences are kept.

    Args:
        case: to cut from.
        size: edges in voxels.
        config: its numbers.
        kept: flags ``[4]``; the other sequences are zeros.
        rng: chance.
    """
    centre = _centre(case, np.array(size), config, rng)
    mirror = below(rng, config.mirror)
    channels = np.flatnonzero(kept).tolist()
    if below(rng, config.warp):
        return _warped(case, size, _control(size, centre, mirror, config, rng), config, channels)
    return _cropped(case, size, centre, mirror, channels)


def _cropped(
    case: TensorCase, size: Size, centre: np.ndarray, mirror: bool, channels: list[int]
) -> tuple[Tensor, Tensor]:
    """The case's own voxels around a centre."""
    device, shape = case.labels.device, np.array(_shape(case))
    starts = np.rint(centre - (np.array(size) - 1) / 2).astype(int)
    low, high = np.maximum(starts, 0), np.minimum(starts + size, shape)
    source, target = _slices(low, high), _slices(low - starts, high - starts)
    window, regions = torch.zeros(4, *size, device=device), torch.zeros(3, *size, device=device)
    for channel in channels:
        window[(channel, *target)] = case.image[(channel, *source)].float()
    regions[(slice(None), *target)] = regions_of(case.labels[source]).float()
    return (window.flip(-1), regions.flip(-1)) if mirror else (window, regions)


def _slices(low: np.ndarray, high: np.ndarray) -> tuple[slice, slice, slice]:
    rows, columns, lines = (slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    return rows, columns, lines


def _warped(
    case: TensorCase, size: Size, control: np.ndarray, config: SpatialConfig, channels: list[int]
) -> tuple[Tensor, Tensor]:
    """The case along a map that is given at its knots."""
    device, shape = case.labels.device, _shape(case)
    knots = torch.from_numpy(control.astype(np.float32)).to(device)
    source, marked = case.image[channels].float()[None], _marked(case)
    window, regions = torch.zeros(4, *size, device=device), torch.empty(3, *size, device=device)
    for rows, grid in sampling_grids(knots, config.elastic_grain, size, shape):
        truth = grid_sample(marked, grid, mode="nearest", padding_mode="zeros", align_corners=False)[0, 0]
        brain = truth >= BRAIN
        regions[:, rows] = regions_of(truth - BRAIN * brain).float()
        # Most of the time goes into the image: only where there is brain.
        high, wide = _extent(brain.any(dim=2).any(dim=0)), _extent(brain.any(dim=1).any(dim=0))
        part = grid[:, :, high, wide]
        if part.numel():
            values = grid_sample(source, part, mode="bilinear", padding_mode="zeros", align_corners=False)[0]
            values *= brain[:, high, wide]
            for channel, value in zip(channels, values, strict=True):
                window[channel, rows, high, wide] = value
    return window, regions


def _marked(case: TensorCase) -> Tensor:
    brain = torch.zeros(case.labels.shape, dtype=torch.bool, device=case.labels.device)
    for channel in case.image:
        brain |= channel != 0
    return case.labels.float().add_(brain, alpha=BRAIN)[None, None]


def _extent(line: Tensor) -> slice:
    """From the first to the last true place of ``[n]``."""
    places = line.nonzero()
    return slice(int(places[0]), int(places[-1]) + 1) if len(places) else slice(0, 0)


def _control(
    size: Size, centre: np.ndarray, mirror: bool, config: SpatialConfig, rng: np.random.Generator
) -> np.ndarray:
    """The case's voxel coordinates ``[3, d, h, w]`` at the knots of the window."""
    turn = _turn(config, rng)
    if mirror:
        turn[:, 2] *= -1.0  # the last axis points to the patient's left
    knots = knot_grid(size, config.elastic_grain) - (np.array(size)[:, None, None, None] - 1) / 2
    control = np.tensordot(turn, knots, axes=1) + centre[:, None, None, None]
    if below(rng, config.elastic):
        strength = rng.uniform(0, config.elastic_mm) / SPLINE_DEVIATION
        control += strength * rng.standard_normal(control.shape)
    return control


def _turn(config: SpatialConfig, rng: np.random.Generator) -> np.ndarray:
    """Rotation and scale as a matrix from window to case, both in voxels."""
    turn = np.eye(3)
    for axis, angle in enumerate(rng.uniform(-config.rotation, config.rotation, 3)):
        plane = [other for other in range(3) if other != axis]
        step = np.eye(3)
        step[np.ix_(plane, plane)] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
        turn = turn @ step
    return turn * (1.0 + rng.uniform(-config.scale, config.scale))


def _centre(
    case: TensorCase, size: np.ndarray, config: SpatialConfig, rng: np.random.Generator
) -> np.ndarray:
    """The window's centre in voxels of the case; jittered around the voxel it was drawn for."""
    shape = np.array(_shape(case))
    drawn = _region_voxel(case, _drawn_region(config, rng), rng)
    if drawn is None:
        drawn = _brain_voxel(case, rng)
    drawn = drawn + 0.5 + rng.uniform(-0.25, 0.25, 3) * size
    # Keep the window over the case: what lies outside teaches nothing.
    low, high = np.minimum(size / 2, shape / 2), np.maximum(shape - size / 2, shape / 2)
    return np.clip(drawn, low, high) - 0.5


def _drawn_region(config: SpatialConfig, rng: np.random.Generator) -> int:
    """Index of the region that the window is centred on; -1: anywhere."""
    shares = np.cumsum([config.centres.get(key, 0.0) for key in REGION_KEYS])
    return int(np.searchsorted(shares, rng.random(), side="right")) if shares[-1] > 0 else -1


def _region_voxel(case: TensorCase, region: int, rng: np.random.Generator) -> np.ndarray | None:
    """A voxel of a region or, where the case has none, of the next larger one."""
    if not 0 <= region < len(REGION_KEYS):
        return None
    masks = regions_of(case.labels).flatten(1)
    for mask in masks[: region + 1].flip(0):
        places = mask.nonzero()
        if len(places):
            place = int(places[rng.integers(len(places))])
            return np.array(np.unravel_index(place, _shape(case)), float)
    return None


def _brain_voxel(case: TensorCase, rng: np.random.Generator) -> np.ndarray:
    shape = _shape(case)
    drawn = rng.integers(0, shape, (TRIES, 3))
    d, h, w = torch.from_numpy(drawn).to(case.labels.device).T
    inside = (case.image[:, d, h, w] != 0).any(dim=0).cpu().numpy()
    return drawn[inside.argmax()].astype(float) if inside.any() else np.array(shape) / 2


def _shape(case: TensorCase) -> Size:
    depth, height, width = case.labels.shape
    return depth, height, width
