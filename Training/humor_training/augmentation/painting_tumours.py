"""A tumour painted into a brain: the shape of one patient, the appearance of another.

Label maps without images (``shapes``) give a tumour's outline and place. Each of its labels gets what the
same label has in a donor: the mean, the change from its border inwards, and the covariance between sequences
of what is left, as texture of the grain that real tumours have.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool3d, interpolate

from humor.regions import ED

from .chance import below, normal_on
from .shapes import KINDS, Shape, labels_of
from .tensor_case import TensorCase
from .transplantation import Box, bounding_box, matching, normalise_again, overlap, place_inside, spread

SHIFT = 4.0
"""mm (standard deviation) from the place that the tumour had."""
SCALE = 0.1
"""Largest relative change of its size."""
FEWEST = 60
"""Voxels of a label from which statistics are taken (of one voxel in ``_SPARSE``³)."""
GRAINS = ((2, 0.15), (4, 0.25), (12, 0.6))
"""mm between knots of the texture's fields, and each one's share of the variance."""
NOISE = 0.08
"""Share of the variance that is noise."""
KEPT = 0.5
"""Share of the deviation inside oedema that is the brain's own structure, which oedema does not erase."""
STRUCTURE = 1.5
"""Deviations at most by which that structure may differ: a sulcus or ventricle under oedema is displaced."""
_SPARSE = 2


@dataclass(frozen=True)
class _Look:
    """What a label looks like in ``c`` sequences, in the host's brightness.

    Attributes:
        mean: ``[c]``.
        slope: ``[c]``, change with the depth in the label.
        depth: mean depth; ``deepest`` is where the change ends, since beyond it the donor tells nothing.
        root: ``[c, c]``, the lower root of the covariance of the rest.
        low, high: ``[c]``, values lie between these.
    """

    mean: Tensor
    slope: Tensor
    depth: Tensor
    deepest: float
    root: Tensor
    low: Tensor
    high: Tensor


def painted(shape: Shape, donor: TensorCase, host: TensorCase, rng: np.random.Generator) -> TensorCase:
    """``host`` with a tumour of that shape that looks like the donor's.

    A sequence that either lacks is missing. The host's own lesion stays where the new one does not cover it.
    The host is returned as it is where the two have no sequence in common, the donor lacks a label that the
    shape has, or the tumour fits nowhere.
    """
    shared = donor.available & host.available
    if not shared.any():
        return host
    device = host.labels.device
    shares, corner = shape.laid(1 + float(rng.uniform(-SCALE, SCALE)), below(rng, 0.5))
    shares = shares.to(device)
    looks = _looks(
        donor, host, np.flatnonzero(shared).tolist(), [bool((part > 0.5).any()) for part in shares[1:]]
    )
    if looks is None:
        return host
    # Cases are cropped to the brain, so that equal places relative to the centre correspond.
    same = np.rint(np.array(host.labels.shape) / 2 + corner).astype(int)
    start = place_inside(1 - shares[0], same, host, SHIFT, rng)
    if start is None:
        return host
    target, part = overlap(start, shares.shape[1:], host.labels.shape)
    return _with_tumour(shape, shares[(slice(None), *part)], looks, donor, host, target, shared, rng)


def _looks(
    donor: TensorCase, host: TensorCase, channels: list[int], needed: list[bool]
) -> list[_Look | None] | None:
    """The look of each of ``KINDS`` that is needed; ``None`` where the donor lacks one."""
    few = (slice(None, None, _SPARSE),) * 3
    labels = donor.labels[few]
    places = [labels == kind if wanted else None for kind, wanted in zip(KINDS, needed, strict=True)]
    if any(place is not None and int(place.sum()) < FEWEST for place in places):
        return None
    scales, offsets = torch.tensor([matching(donor, host, channel) for channel in channels]).T
    scales, offsets = scales.to(labels.device), offsets.to(labels.device)
    lesion = bounding_box(labels > 0)
    if lesion is None:
        return None
    places = [None if place is None else place[lesion] for place in places]
    image = torch.stack([donor.image[channel][few][lesion] for channel in channels])
    looks: list[_Look | None] = []
    for place in places:
        if place is None:
            looks.append(None)
            continue
        values = image[:, place].float() * scales[:, None] + offsets[:, None]
        depth = _depth(place[None].float())[0][place]
        mean, middle = values.mean(dim=1), depth.mean()
        slope = ((values - mean[:, None]) * (depth - middle)).mean(dim=1) / depth.var().clamp_min(1e-4)
        rest = values - slope[:, None] * depth
        covariance = torch.cov(rest).reshape(len(channels), len(channels))
        ridge = 1e-4 * torch.eye(len(channels), device=labels.device)
        low, high = torch.quantile(values, torch.tensor([0.005, 0.995], device=labels.device), dim=1)
        root, deepest = torch.linalg.cholesky(covariance + ridge), float(depth.max())
        looks.append(_Look(mean, slope, middle, deepest, root, low, high))
    return looks


def _with_tumour(
    shape: Shape,
    shares: Tensor,
    looks: list[_Look | None],
    donor: TensorCase,
    host: TensorCase,
    target: Box,
    shared: np.ndarray,
    rng: np.random.Generator,
) -> TensorCase:
    channels = np.flatnonzero(shared).tolist()
    old = torch.stack([host.image[(channel, *target)] for channel in channels]).float()
    texture, depths = _texture(old.shape, rng, old.device), _fine_depth(shares[1:])
    new = old * shares[0]
    for kind, share, depth, look in zip(KINDS, shares[1:], depths, looks, strict=True):
        if look is None:  # where it has a share, the other labels have the rest
            new += old * share
            continue
        grain = torch.tensordot(look.root, texture, dims=1)
        if kind == ED:
            deviation = look.root.norm(dim=1)
            structure = _structure(old, host, channels) * deviation[:, None, None, None]
            grain = KEPT * structure + (1 - KEPT**2) ** 0.5 * grain
        grain += (look.mean - look.slope * look.depth)[:, None, None, None]
        grain += look.slope[:, None, None, None] * depth.clamp(max=look.deepest)
        new += grain.clamp_(look.low[:, None, None, None], look.high[:, None, None, None]).mul_(share)
    image, labels = host.image.clone(), host.labels.clone()
    image[torch.from_numpy(~shared).to(image.device)] = 0
    for channel, was, becomes in zip(channels, old, new, strict=True):
        image[(channel, *target)] = (becomes * (was != 0)).to(image.dtype)
        normalise_again(image[channel], host.image[channel])
    kinds = labels_of(shares) * (old != 0).any(dim=0)
    labels[target] = torch.where(kinds > 0, kinds, labels[target])
    name = f"{host.name} with the shape of {shape.name} and the look of {donor.name}"
    return TensorCase(name, image, shared, labels)


def _structure(old: Tensor, host: TensorCase, channels: list[int]) -> Tensor:
    """The brain's own pattern in deviations of its healthy tissue ``[c, d, h, w]``."""
    healthy = host.labels == 0
    pattern = []
    for channel, values in zip(channels, old, strict=True):
        mean, deviation = spread(host.image[channel], healthy)
        pattern.append(((values - mean) / deviation).clamp_(-STRUCTURE, STRUCTURE))
    return torch.stack(pattern)


def _depth(shares: Tensor) -> Tensor:
    """How deep in its label each voxel of ``[k, d, h, w]`` of 2 mm lies: the label's part of 1 cm³ around."""
    return avg_pool3d(shares[None], 5, stride=1, padding=2)[0]


def _fine_depth(shares: Tensor) -> Tensor:
    coarse = avg_pool3d(shares[None], _SPARSE, ceil_mode=True)[0]
    fine = interpolate(_depth(coarse)[None], scale_factor=_SPARSE, mode="trilinear", align_corners=False)[0]
    depth, height, width = shares.shape[1:]
    return fine[:, :depth, :height, :width]


def _texture(shape: torch.Size, rng: np.random.Generator, device: torch.device) -> Tensor:
    """Normal numbers ``[c, d, h, w]`` of deviation about 1 with the grain of tumours."""
    half = [length // 2 + 3 for length in shape[1:]]
    total = torch.zeros(shape[0], *half, device=device)
    for knots, variance in GRAINS:
        total.add_(_smooth(shape[0], half, knots // 2, rng, device), alpha=variance**0.5)
    fine = _smooth(shape[0], list(shape[1:]), 2, rng, device, total)
    return fine.mul_((1 - NOISE) ** 0.5).add_(normal_on(device, tuple(shape), rng), alpha=NOISE**0.5)


def _smooth(
    channels: int,
    size: list[int],
    knots: int,
    rng: np.random.Generator,
    device: torch.device,
    field: Tensor | None = None,
) -> Tensor:
    """A field ``[c, *size]`` of deviation 1 from knots (normal numbers where none are given)."""
    if field is None:
        # Room for a random phase, so that no grid shows.
        field = normal_on(device, (channels, *[length // knots + 3 for length in size]), rng)
    if knots > 1:
        field = interpolate(field[None], scale_factor=knots, mode="trilinear", align_corners=False)[0]
    phase = rng.integers(0, knots, 3) + knots // 2
    part = [slice(int(a), int(a) + length) for a, length in zip(phase, size, strict=True)]
    field = field[(slice(None), *part)]
    return field / field.std().clamp_min(1e-3)
