"""Random changes of contrast, brightness, bias field, sharpness and noise, sequence by sequence."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from .chance import below


def vary_intensity(image: Tensor, rng: np.random.Generator) -> Tensor:
    """A window ``[4, D, H, W]`` of z-scores with each sequence changed on its own.

    Scanners differ in contrast (power and scale), sensitivity (a smooth bias field), resolution and
    noise. The background (exactly 0 before) stays 0.
    """
    changed = []
    for channel in image:
        inside = channel != 0
        value = channel * rng.uniform(0.8, 1.25) + rng.normal(0.0, 0.15)
        if below(rng, 0.3):  # contrast: a signed power, with z-scores of ±1 kept
            value = value.sign() * value.abs().pow(float(rng.uniform(0.75, 1.3)))
        if below(rng, 0.3):
            value = value + _smooth_field(channel.shape, rng) * 0.3
        if below(rng, 0.15):
            value = _coarser(value, float(rng.uniform(1.5, 3.0)), int(rng.integers(3)))
        if below(rng, 0.2):
            noise = rng.standard_normal(tuple(value.shape), dtype=np.float32)
            value = value + torch.from_numpy(noise) * float(rng.uniform(0.02, 0.2))
        changed.append(value * inside)
    return torch.stack(changed)


def _smooth_field(shape: torch.Size, rng: np.random.Generator) -> Tensor:
    """A smooth random field ``[D, H, W]``: 4³ normal values, interpolated."""
    knots = torch.from_numpy(rng.normal(size=(1, 1, 4, 4, 4))).float()
    return torch.nn.functional.interpolate(knots, size=tuple(shape), mode="trilinear")[0, 0]


def _coarser(value: Tensor, factor: float, axis: int) -> Tensor:
    """As if acquired with slices ``factor`` times as thick along one axis."""
    size = list(value.shape)
    size[axis] = max(2, round(size[axis] / factor))
    low = torch.nn.functional.interpolate(value[None, None], size=size, mode="trilinear")
    return torch.nn.functional.interpolate(low, size=tuple(value.shape), mode="trilinear")[0, 0]
