"""What a synthetic patient consists of, before any scanner: made once, painted many times."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..config import SynthesisConfig
from ..warping import Size, smooth_field
from .contrast import PARTS
from .head import Head, draw_head
from .lesion import CPU, Lesion, grow
from .smoothing import box_mean
from .template import Template

LEVELS = 255
VESSEL_GRAIN = 12.0


@dataclass(frozen=True)
class Anatomy:
    """A head with its tumour; parts of voxels are stored in bytes to keep many in memory.

    Attributes:
        brain: bool ``[D, H, W]``; the others hold its ``n`` voxels only.
        parts: uint8 ``[parts, n]``, 0 to 255, in the order of ``contrast.PARTS``.
        myelin, wet_rim: int8 and uint8 ``[n]``, in 127ths and 255ths.
        labels: uint8 ``[D, H, W]``.
    """

    brain: Tensor
    parts: Tensor
    myelin: Tensor
    wet_rim: Tensor
    labels: Tensor


def make_anatomy(template: Template, config: SynthesisConfig, rng: np.random.Generator) -> Anatomy:
    """A random head with a random tumour."""
    head, plan = draw_head(template, config, rng)
    lesion = grow(head, plan, config, rng)
    brain = head.brain
    parts = torch.stack(_parts(head, lesion, rng))
    near_fluid = box_mean(box_mean(head.fluid, 5), 5)
    rim = (2.5 * (near_fluid - 0.08)).clamp(0, 1) * head.white * _deep(brain)
    labels = torch.zeros(brain.shape, dtype=torch.uint8)
    labels[lesion.box] = lesion.labels
    free = 1 - parts[PARTS.index("oedema") :].sum(dim=0)
    return Anatomy(
        brain,
        (parts[:, brain] * LEVELS).round_().to(torch.uint8),
        ((head.myelin * free).clamp(-1, 1)[brain] * 127).round_().to(torch.int8),
        ((rim * free)[brain] * LEVELS).round_().to(torch.uint8),
        labels * brain,
    )


def _parts(head: Head, lesion: Lesion, rng: np.random.Generator) -> list[Tensor]:
    """Parts of all voxels in the order of ``PARTS``; the tumour takes the place of tissue."""
    tumour = {}
    for name in ("oedema", "enhancing", "necrosis", "solid"):
        tumour[name] = torch.zeros(head.brain.shape)
        tumour[name][lesion.box] = getattr(lesion, name)
    left = 1 - torch.stack(list(tumour.values())).sum(dim=0)
    vessel = _vessels(head, rng) * left
    left = left - vessel
    healthy = [head.fluid * left, head.grey * left, head.white * left]
    return [*healthy, vessel, *tumour.values()]


def _vessels(head: Head, rng: np.random.Generator) -> Tensor:
    """Veins and arteries in the sulci: thin tubes where two random sheets cross."""
    size: Size = (head.brain.shape[0], head.brain.shape[1], head.brain.shape[2])
    first, second = (smooth_field(size, VESSEL_GRAIN, rng, CPU) * VESSEL_GRAIN for _ in range(2))
    distance = (first.square() + second.square()).sqrt_()  # mm, about: the fields change by 1 over a grain
    sulci = box_mean(head.fluid, 3)
    covered = ((box_mean(head.brain, 5) - 0.7) * 5).clamp(0, 1)
    thick = float(rng.uniform(1.2, 2.6))
    return (thick - distance).clamp(0, 1) * ((sulci - 0.08) * 6).clamp(0, 1) * covered


def _deep(brain: Tensor) -> Tensor:
    """1 well inside the brain, 0 near its surface."""
    return ((box_mean(box_mean(brain, 13), 13) - 0.8) * 5).clamp(0, 1)
