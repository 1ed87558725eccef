"""A tumour of one patient in the brain of another.

As CarveMix (Zhang et al. 2021, MICCAI, arXiv 2103.16258): the lesion is carved along its signed
distance at a random margin, with what lies around it, and replaces the other patient's voxels. Beyond
that, it is put where it fits into the other brain, may be mirrored, its grey values are brought to those
of the other brain, and its border is blended.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor
from torch.nn.functional import interpolate, max_pool3d, pad

from humor.study.case_building import CLIP

from .chance import below
from .tensor_case import TensorCase

LARGEST_MARGIN = 8
"""mm of healthy surroundings at most: more would move ventricles."""
BLEND = 4.0
"""mm over which one brain turns into the other."""
SHIFT = 8.0
"""mm (standard deviation) from the place that the lesion had."""
_COARSE = 2


@dataclass(frozen=True)
class Graft:
    """What is carved.

    Attributes:
        image: float32 ``[4, d, h, w]``.
        labels: uint8 ``[d, h, w]``.
        weight: ``[d, h, w]``, 1 in the middle, 0 where nothing is taken.
        start: index of its first voxel in the donor.
    """

    image: Tensor
    labels: Tensor
    weight: Tensor
    start: np.ndarray


def transplant(donor: TensorCase, host: TensorCase, rng: np.random.Generator) -> TensorCase:
    """``host`` with the lesion of ``donor``; a sequence that either lacks is missing.

    The host's own lesion stays where the graft does not cover it. The host is returned as it is where
    the two have no sequence in common, the donor has no lesion, or it fits nowhere.
    """
    shared = donor.available & host.available
    box = bounding_box(donor.labels > 0, LARGEST_MARGIN + int(BLEND))
    if box is None or not shared.any():
        return host
    graft = _carve(donor, box, rng)
    if below(rng, 0.5):
        graft = _mirrored(graft, donor.labels.shape[2])
    # Cases are cropped to the brain, so that equal places relative to the centre correspond.
    same = graft.start + (np.array(host.labels.shape) - np.array(donor.labels.shape)) // 2
    place = place_inside(graft.weight, same, host, SHIFT, rng)
    if place is None:
        return host
    return _implanted(graft, donor, host, place, shared)


def signed_distance(lesion: Tensor) -> Tensor:
    """Distance in voxels to the border of a mask ``[D, H, W]``, negative inside; to about two voxels.

    Computed at half the resolution and interpolated: eight times quicker, and smoother.
    """
    odd = [(-length) % _COARSE for length in lesion.shape]
    padded = pad(lesion[None, None].float(), (0, odd[2], 0, odd[1], 0, odd[0]))
    coarse = (max_pool3d(padded, _COARSE)[0, 0] > 0).cpu().numpy()
    outside = ndimage.distance_transform_edt(~coarse) - 0.5
    inside = ndimage.distance_transform_edt(coarse) - 0.5
    distance = torch.from_numpy(np.where(coarse, -inside, outside).astype(np.float32) * _COARSE)
    fine = interpolate(distance[None, None].to(lesion.device), scale_factor=_COARSE, mode="trilinear")[0, 0]
    depth, height, width = lesion.shape
    return fine[:depth, :height, :width]


def _carve(donor: TensorCase, box: Box, rng: np.random.Generator) -> Graft:
    """CarveMix's margin: even between half the lesion's depth inwards and its depth outwards."""
    image, labels = donor.image[(slice(None), *box)].float(), donor.labels[box]
    distance = signed_distance(labels > 0)
    depth = -float(distance.min())
    margin = float(rng.uniform(-depth / 2, min(depth, LARGEST_MARGIN)))
    weight = ((margin - distance) / BLEND + 0.5).clamp_(0, 1) * (image != 0).any(dim=0)
    return Graft(image, labels, weight, np.array([part.start for part in box]))


def _mirrored(graft: Graft, width: int) -> Graft:
    start = graft.start.copy()
    start[2] = width - graft.start[2] - graft.labels.shape[2]
    return Graft(graft.image.flip(-1), graft.labels.flip(-1), graft.weight.flip(-1), start)


def _implanted(
    graft: Graft, donor: TensorCase, host: TensorCase, start: np.ndarray, shared: np.ndarray
) -> TensorCase:
    target, part = overlap(start, graft.labels.shape, host.labels.shape)
    image, labels = host.image.clone(), host.labels.clone()
    image[torch.from_numpy(~shared).to(image.device)] = 0
    brain = (host.image[(slice(None), *target)] != 0).any(dim=0)
    weight = graft.weight[part] * brain
    labels[target] = torch.where(weight > 0.5, graft.labels[part], labels[target])
    for channel in np.flatnonzero(shared).tolist():
        old = host.image[(channel, *target)].float()
        scale, offset = matching(donor, host, channel)
        new = old.lerp(graft.image[(channel, *part)] * scale + offset, weight)
        image[(channel, *target)] = (new * (old != 0)).to(image.dtype)
        normalise_again(image[channel], host.image[channel])
    return TensorCase(f"{host.name} with the tumour of {donor.name}", image, shared, labels)


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
