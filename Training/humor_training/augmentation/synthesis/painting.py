"""From anatomy to an image: contrasts, texture, resolution, coils, noise, and the engine's z-scores."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from humor.sequences import SEQUENCES
from humor.study.case_building import normalise

from ..chance import between, normal_on
from ..config import SynthesisConfig
from ..intensity import MEAN_BRAIN, blurred
from ..tensor_case import TensorCase
from ..warping import Size, smooth_field
from .anatomy import LEVELS, Anatomy
from .contrast import TEXTURE, draw_contrast

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
