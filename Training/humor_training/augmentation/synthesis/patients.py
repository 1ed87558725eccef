"""Synthetic patients for training: on the fly from a set of anatomies, or a number of them up front."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from humor.errors import UsageError
from humor.sequences import SEQUENCES
from humor.study.case_building import normalise

from ...data.labelled_case import LabelledCase
from ..chance import between, normal_on
from ..config import SynthesisConfig
from ..intensity import MEAN_BRAIN, blurred
from ..tensor_case import TensorCase
from ..warping import Size, box_mean, smooth_field
from .contrast import PARTS, TEXTURE, draw_contrast
from .head import Head, Template, draw_head, load_template
from .lesion import CPU, Lesion, upcycle

KEPT = 64
"""Anatomies in memory at most."""


def synthetic_patient(
    templates: str, config: SynthesisConfig, rng: np.random.Generator, device: torch.device
) -> TensorCase:
    """A patient with a tumour and all four sequences.

    Args:
        templates: folder of the average brain.
        config: its numbers.
        rng: chance: which of ``config.anatomies`` it is, and how it is painted.
        device: where it is painted.

    Raises:
        UsageError: there are no templates.
    """
    if not templates:
        raise UsageError("augmentation: synthetic patients need templates: FOLDER of an average brain.")
    number = int(rng.integers(config.anatomies or 2**62))
    anatomy = (_kept if config.anatomies else _fresh)(Path(templates), config, number)
    there = replace(anatomy, **{name: value.to(device) for name, value in vars(anatomy).items()})
    return paint(there, f"synthetic {number}", config, rng)


def make_patients(
    templates: Path, count: int, seed: int, config: SynthesisConfig | None = None
) -> list[LabelledCase]:
    """``count`` different patients; patient ``n`` of a seed is always the same.

    Raises:
        UsageError: there are no templates.
    """
    config, patients = config or SynthesisConfig(), []
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        anatomy = make_anatomy(load_template(templates), config, rng)
        patients.append(paint(anatomy, f"synthetic {seed}-{number}", config, rng).labelled())
    return patients


def _fresh(templates: Path, config: SynthesisConfig, number: int) -> Anatomy:
    return make_anatomy(load_template(templates), config, np.random.default_rng(number))


_kept = lru_cache(maxsize=KEPT)(_fresh)


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
    lesion = upcycle(head, plan, config, rng)
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


GRAINS = (6.0, 3.0)
"""mm: tissue varies over these lengths."""
NOISE = (0.04, 0.16)
BIAS = 0.06
SOFT = (0.3, 1.0)
"""How much of an image is replaced by its smoothed version: sharp 3-D scans to thick slices."""


def paint(anatomy: Anatomy, name: str, config: SynthesisConfig, rng: np.random.Generator) -> TensorCase:
    """The four sequences of an anatomy as one scanner might show them, on the anatomy's device."""
    device, brain = anatomy.brain.device, anatomy.brain
    size: Size = (brain.shape[0], brain.shape[1], brain.shape[2])
    table, myelin, rim = draw_contrast(config.ordered, rng)
    parts = anatomy.parts.float() / LEVELS
    grain = torch.stack([smooth_field(size, length, rng, device)[brain] for length in GRAINS]).mean(dim=0)
    image = np.zeros((len(SEQUENCES), *size), np.float32)
    inside = brain.cpu().numpy()
    for row in range(len(SEQUENCES)):
        value = torch.from_numpy(table[row]).float().to(device) @ parts
        value += float(myelin[row]) / 127 * anatomy.myelin + float(rim[row]) / LEVELS * anatomy.wet_rim
        uneven = torch.from_numpy(TEXTURE.T[row]).float().to(device) @ parts
        value += grain * uneven * between(rng, (0.4, 1.0))
        scanned = _scanned(value, brain, size, rng).cpu().numpy()
        normalise(scanned, inside, inside, image[row])
    available = np.ones(len(SEQUENCES), bool)
    return TensorCase(name, torch.from_numpy(image).half().to(device), available, anatomy.labels)


def _scanned(value: Tensor, brain: Tensor, size: Size, rng: np.random.Generator) -> Tensor:
    """Finite resolution, a coil's bias field, and Rician noise (Gudbjartsson and Patz 1995)."""
    volume = torch.full(size, float(value.median()), device=value.device)
    volume[brain] = value
    volume.lerp_(blurred(volume), between(rng, SOFT))
    volume += MEAN_BRAIN
    volume *= 1 + BIAS * smooth_field(size, max(size) / 2, rng, value.device)
    strength = between(rng, NOISE)
    real = normal_on(value.device, size, rng).mul_(strength).add_(volume.clamp_min_(0))
    return torch.hypot(real, normal_on(value.device, size, rng).mul_(strength))
