"""A tumour grown in a patient's tissues: dead middle, enhancing rim, oedema along the white matter.

Level sets of random fields, cut at the volumes that were planned. The oedema is what a fluid reaches
that seeps from the core and spreads much faster in white than in grey matter (as glioma cells do:
Swanson et al. 2000, Cell Prolif. 33:317) and not at all through fluid.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool3d, interpolate

from humor.regions import ED, ET, NCR

from ..chance import below, between
from ..config import SynthesisConfig
from ..warping import Size, box_mean, smooth_field
from .head import Head, TumourPlan

REACH = 64
"""mm around the middle of the core that may be reached."""
STEPS = 26
"""Of spreading, on a lattice of 2 mm."""
GREY_PASSAGE = 0.35
"""How well fluid passes grey matter, where white matter has 1."""
GROWTH = 1.6
"""Of the fluid in a step."""
FRONT = 1.5
"""mm that the front travels in a step in white matter, about."""
FARTHEST = 200.0
"""mm: no place for the tumour."""
VENTRICLE = 5
"""mm: fluid that fills a cube of this size is no sulcus."""
CPU = torch.device("cpu")

Box = tuple[slice, slice, slice]


@dataclass(frozen=True)
class Lesion:
    """A tumour, in the box where it lies.

    Attributes:
        box: where in the head.
        labels: uint8, BraTS.
        oedema: 0 to 1, how much water the tissue holds: most at the core.
        enhancing, necrosis, solid: 0 to 1, parts of each voxel; ``solid`` is core that neither
            enhances nor is dead.
    """

    box: Box
    labels: Tensor
    oedema: Tensor
    enhancing: Tensor
    necrosis: Tensor
    solid: Tensor


def upcycle(head: Head, plan: TumourPlan, config: SynthesisConfig, rng: np.random.Generator) -> Lesion:
    """Grow the planned tumour. Volumes are exact where there is room for them."""
    box = _box(plan, head)
    brain, white, fluid = head.brain[box], head.white[box], head.fluid[box]
    size: Size = (brain.shape[0], brain.shape[1], brain.shape[2])
    ventricle = box_mean(fluid, VENTRICLE) > 0.6
    near_side = head.across[box] > 2
    core = _core(brain & ~ventricle & near_side, box, plan, size, rng)
    in_core = core < 0
    room = brain & (fluid < 0.5)
    wet = _spread(in_core, white, room, size, rng)
    oedema = _oedema(wet, in_core, room, plan.oedema_ml, rng)
    swollen = ((oedema < 0) & room) | in_core
    part = _parts(core, size, config, rng)
    labels = torch.zeros(size, dtype=torch.uint8)
    labels[swollen] = ED
    labels[in_core] = torch.where(part["enhancing"] > 0.5, ET, NCR).to(torch.uint8)[in_core]
    inside = (0.5 - core / 2.0).clamp(0, 1)
    water = (0.6 - oedema * 0.05).clamp(0, 1) * (0.5 - oedema / 2).clamp(0, 1) * (1 - fluid) * (1 - inside)
    parts = {name: value * inside for name, value in part.items()}
    return Lesion(box, labels, water, parts["enhancing"], parts["necrosis"], parts["solid"])


def _box(plan: TumourPlan, head: Head) -> Box:
    """Even lengths, so that the lattice of 2 mm fits."""
    parts = []
    for middle, length in zip(plan.centre, head.brain.shape, strict=True):
        start = max(0, round(middle) - REACH) // 2 * 2
        parts.append(slice(start, start + (min(length, start + 2 * REACH) - start) // 2 * 2))
    return parts[0], parts[1], parts[2]


def _core(room: Tensor, box: Box, plan: TumourPlan, size: Size, rng: np.random.Generator) -> Tensor:
    """Distance (mm, about) to the core's surface: a few overlapping lumps with a wavy outline."""
    axes = (torch.arange(part.start, part.stop, dtype=torch.float32) for part in box)
    places = torch.meshgrid(*axes, indexing="ij")
    distance = torch.full(size, torch.inf)
    for lump in range(3):
        shift = rng.normal(0, 0.4 * plan.radius, 3) if lump else np.zeros(3)
        stretch = rng.uniform(0.8, 1.25, 3)
        squares = (
            ((place - float(middle)) / float(edge)).square_()
            for place, middle, edge in zip(places, plan.centre + shift, stretch, strict=True)
        )
        radius = torch.stack(list(squares)).sum(dim=0).sqrt_()
        distance = torch.minimum(distance, radius * (1 + 0.2 * lump))
    rough = plan.radius / 12 + 0.4
    distance += rough * (1.6 * smooth_field(size, 11, rng, CPU) + 0.7 * smooth_field(size, 5, rng, CPU))
    distance = torch.where(room, distance, FARTHEST)
    return distance - _level(distance, plan.core_ml)


def _spread(core: Tensor, white: Tensor, room: Tensor, size: Size, rng: np.random.Generator) -> Tensor:
    """Mean wetness (0 to 1) over the time of spreading, at 1 mm: what is reached early is wettest.

    Diffusion and growth to saturation (Fisher-Kolmogorov), on a lattice of 2 mm: in white matter a
    front that travels, in grey matter a halo that dies out.
    """
    white, open_, source = (avg_pool3d(x[None].float(), 2)[0] for x in (white, room, core))
    small: Size = (size[0] // 2, size[1] // 2, size[2] // 2)
    # Some tracts carry it far, others little.
    tracts = (0.85 + 0.25 * smooth_field(small, 8, rng, CPU)).clamp(0.4, 1.2)
    passage = (GREY_PASSAGE + (1 - GREY_PASSAGE) * tracts * ((white - 0.3) * 2).clamp(0, 1)) * open_
    fluid, total = source, torch.zeros(small)
    for _ in range(STEPS):
        fluid = torch.maximum((box_mean(fluid, 3) * passage * GROWTH).clamp_max_(1), source)
        total += fluid
    return interpolate(total[None, None] / STEPS, scale_factor=2, mode="trilinear")[0, 0]


def _oedema(wet: Tensor, core: Tensor, room: Tensor, volume_ml: float, rng: np.random.Generator) -> Tensor:
    """Signed distance (mm, about) to the border of the oedema, negative inside."""
    size: Size = (core.shape[0], core.shape[1], core.shape[2])
    field = FRONT * STEPS * (1 - wet) + 1.5 * smooth_field(size, 8, rng, CPU)
    field = torch.where(room & (wet > 0.01) & ~core, field, FARTHEST)
    return torch.where(core, -FRONT * STEPS, field - _level(field, volume_ml))


def _parts(core: Tensor, size: Size, config: SynthesisConfig, rng: np.random.Generator) -> dict[str, Tensor]:
    """What the core consists of: rim and dead middle, or tissue that does not enhance."""
    if below(rng, config.without_rim):
        empty = torch.zeros(size)
        return {"enhancing": empty, "necrosis": empty, "solid": torch.ones(size)}
    share = between(rng, config.necrotic)
    volume_ml = float((core < 0).sum()) / 1000
    chambers = 2.0 * smooth_field(size, 9, rng, CPU) + 1.3 * smooth_field(size, 5, rng, CPU)
    thin = between(rng, (0.6, 2.2))  # mm of rim at least
    field = torch.where(core < -thin, core + chambers, FARTHEST)
    dead = field - _level(field, share * volume_ml)
    necrosis = (0.5 - dead / 2.0).clamp(0, 1)
    # Here and there the rim is interrupted.
    gaps = ((smooth_field(size, 10, rng, CPU) - between(rng, (1.0, 2.5))) * 2 + 0.5).clamp(0, 1)
    solid = gaps * (1 - necrosis)
    return {"enhancing": 1 - necrosis - solid, "necrosis": necrosis, "solid": solid}


def _level(field: Tensor, volume_ml: float) -> float:
    """The level below which the field encloses a volume, in voxels of 1 mm."""
    count = min(max(int(volume_ml * 1000), 1), field.numel())
    return float(torch.kthvalue(field.flatten(), count).values)
