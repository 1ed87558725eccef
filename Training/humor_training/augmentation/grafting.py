"""What putting a tumour into another brain needs: a place, the overlap, and brightness brought over."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from humor.study.case_building import CLIP

from .tensor_case import TensorCase

PLACES = 24
INSIDE = 0.97
"""Share of the graft inside the brain that is good enough."""
BARELY_INSIDE = 0.75

Box = tuple[slice, slice, slice]


def bounding_box(mask: Tensor, room: int = 0) -> Box | None:
    """The box of what is true in ``[D, H, W]``, with ``room`` voxels around; ``None`` where nothing is."""
    flat = mask.any(dim=0)
    lines = (mask.flatten(1).any(dim=1), flat.any(dim=1), flat.any(dim=0))
    parts = []
    for line in lines:
        places = line.nonzero()
        if not len(places):
            return None
        parts.append(slice(max(int(places[0]) - room, 0), min(int(places[-1]) + 1 + room, len(line))))
    return parts[0], parts[1], parts[2]


def place_inside(
    weight: Tensor, same: np.ndarray, host: TensorCase, shift: float, rng: np.random.Generator
) -> np.ndarray | None:
    """Index in the host of a graft's first voxel: near ``same``, and inside the brain.

    Args:
        weight: ``[d, h, w]``; above 0.5 the graft must lie in the brain.
        same: where it lay, in the host's voxels.
        host: whose brain it is.
        shift: mm (standard deviation) from there.
        rng: chance.

    Returns:
        ``None`` where it fits nowhere.
    """
    shape = np.array(host.labels.shape)
    starts = np.rint(same + rng.normal(0, shift, (PLACES, 3))).astype(int)
    starts[0] = same
    starts = starts[rng.permutation(PLACES)]
    few = (weight[::4, ::4, ::4] > 0.5).nonzero().cpu().numpy() * 4
    if not len(few):
        return None
    voxels = few[None] + starts[:, None]
    within = ((voxels >= 0) & (voxels < shape)).all(axis=-1)
    clipped = torch.from_numpy(np.clip(voxels, 0, shape - 1)).to(host.labels.device)
    brain = (host.image[:, clipped[..., 0], clipped[..., 1], clipped[..., 2]] != 0).any(dim=0)
    share = (brain.cpu().numpy() & within).mean(axis=1)
    good = np.flatnonzero(share >= INSIDE)
    if not len(good) and share.max() < BARELY_INSIDE:
        return None
    return starts[good[0] if len(good) else share.argmax()]


def overlap(start: np.ndarray, size: torch.Size, shape: torch.Size) -> tuple[Box, Box]:
    """Where the graft lies in the host, and which part of the graft that is."""
    low = np.maximum(start, 0)
    high = np.minimum(start + np.array(size), np.array(shape))
    target = [slice(int(a), int(b)) for a, b in zip(low, high, strict=True)]
    part = [slice(int(a), int(b)) for a, b in zip(low - start, high - start, strict=True)]
    return (target[0], target[1], target[2]), (part[0], part[1], part[2])


def matching(donor: TensorCase, host: TensorCase, channel: int) -> tuple[float, float]:
    """Scale and offset that bring the donor's healthy brain to the host's mean and deviation.

    z-scores alone do not: a large tumour shifts those of the healthy brain.
    """
    (donor_mean, donor_deviation), (mean, deviation) = (
        spread(case.image[channel], case.labels == 0) for case in (donor, host)
    )
    scale = deviation / donor_deviation
    return scale, mean - scale * donor_mean


def spread(channel: Tensor, where: Tensor | None = None) -> tuple[float, float]:
    """Mean and deviation of the brain, of one voxel in 27."""
    few = channel[::3, ::3, ::3]
    chosen = few != 0 if where is None else (few != 0) & where[::3, ::3, ::3]
    if int(chosen.sum()) < 2:
        return 0.0, 1.0
    deviation, mean = torch.std_mean(few[chosen].float())
    return float(mean), max(float(deviation), 1e-3)


def normalise_again(channel: Tensor, before: Tensor) -> None:
    """In place: the brain's mean and deviation as they were, since the tumour changed them."""
    (mean, deviation), (old_mean, old_deviation) = spread(channel), spread(before)
    scale = old_deviation / deviation
    inside = channel != 0
    channel.mul_(scale).add_(old_mean - scale * mean).clamp_(-CLIP, CLIP).mul_(inside)
