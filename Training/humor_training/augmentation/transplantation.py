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

from .chance import below
from .grafting import Box, bounding_box, matching, normalise_again, overlap, place_inside
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
