"""Random training windows: where they lie, how they are turned, scaled and mirrored."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from humor.regions import labels_to_regions

from ..data.packing import LabelledCase


@dataclass(frozen=True)
class SpatialConfig:
    """Attributes:
    tumour_share: share of windows centred on a tumour voxel; the others lie anywhere in the brain.
    rotation: largest angle about each axis, in radians (heads are tilted, oblique scans kept so).
    scale: largest relative change of size.
    mirror: probability of mirroring left and right; brains are nearly symmetric.
    """

    tumour_share: float = 0.7
    rotation: float = 0.25
    scale: float = 0.12
    mirror: float = 0.5


def random_window(
    case: LabelledCase, size: tuple[int, int, int], config: SpatialConfig, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """One window: image ``[4, *size]`` float32 and regions ``[3, *size]`` float32 (0 or 1).

    Crop, rotation, scaling and mirroring are one resampling of the whole case (linear for the image,
    nearest for the labels); beyond the case everything is background.
    """
    theta = _matrix(case, size, config, rng)
    image = torch.from_numpy(case.image)[None].float()
    labels = torch.from_numpy(case.labels)[None, None].float()
    grid = torch.nn.functional.affine_grid(theta[None], [1, 1, *size], align_corners=False)
    sample = torch.nn.functional.grid_sample
    window = sample(image, grid, mode="bilinear", padding_mode="zeros", align_corners=False)[0]
    truth = sample(labels, grid, mode="nearest", padding_mode="zeros", align_corners=False)[0, 0]
    return window, torch.from_numpy(labels_to_regions(truth.numpy())).float()


def _matrix(
    case: LabelledCase, size: tuple[int, int, int], config: SpatialConfig, rng: np.random.Generator
) -> Tensor:
    """``theta [3, 4]`` for ``affine_grid``: x, y, z in -1 to 1 are the axes W, H, D of the case."""
    shape = np.array(case.labels.shape)
    centre = _centre(case, np.array(size), config, rng)
    angles = rng.uniform(-config.rotation, config.rotation, 3)
    turn = np.eye(3)
    for axis, angle in enumerate(angles):
        plane = [other for other in range(3) if other != axis]
        step = np.eye(3)
        step[np.ix_(plane, plane)] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
        turn = turn @ step
    turn *= 1.0 + rng.uniform(-config.scale, config.scale)
    if rng.random() < config.mirror:
        turn[:, 2] *= -1.0  # the last axis points to the patient's left
    # Window coordinate (−1..1) → voxels → case coordinate (−1..1), all in D, H, W order.
    linear = (2.0 / shape)[:, None] * turn * (np.array(size) / 2.0)[None]
    offset = (2.0 * (centre + 0.5) / shape) - 1.0
    theta = np.concatenate([linear, offset[:, None]], axis=1)
    reverse = [2, 1, 0]
    return torch.from_numpy(np.concatenate([theta[reverse][:, reverse], theta[reverse, 3:]], 1)).float()


def _centre(
    case: LabelledCase, size: np.ndarray, config: SpatialConfig, rng: np.random.Generator
) -> np.ndarray:
    """The window's centre as a voxel of the case; jittered around the voxel it was drawn for."""
    shape = np.array(case.labels.shape)
    kinds = np.unique(case.labels)
    kinds = kinds[kinds > 0]
    if len(kinds) and rng.random() < config.tumour_share:
        places = np.flatnonzero(case.labels == rng.choice(kinds))
    else:
        places = np.flatnonzero(case.image.any(axis=0))
    drawn = np.array(np.unravel_index(rng.choice(places), case.labels.shape), float)
    drawn += rng.uniform(-0.25, 0.25, 3) * size
    # Keep the window over the case: what lies outside teaches nothing.
    low, high = np.minimum(size / 2, shape / 2), np.maximum(shape - size / 2, shape / 2)
    return np.clip(drawn, low, high) - 0.5
