"""Small helpers around one numpy generator, the only source of chance of a training step."""

from __future__ import annotations

import numpy as np
import torch


def below(rng: np.random.Generator, probability: float) -> bool:
    """True with the given probability."""
    return bool(rng.random() < probability)


def between(rng: np.random.Generator, limits: tuple[float, float]) -> float:
    """Evenly between two limits."""
    return float(rng.uniform(*limits))


def log_between(rng: np.random.Generator, limits: tuple[float, float]) -> float:
    """Between two positive limits, evenly on a logarithmic scale."""
    return float(np.exp(rng.uniform(np.log(limits[0]), np.log(limits[1]))))


def normal_on(device: torch.device, shape: tuple[int, ...], rng: np.random.Generator) -> torch.Tensor:
    """Normal numbers made on a device (float32), from a seed that ``rng`` gives."""
    generator = torch.Generator(device).manual_seed(int(rng.integers(2**62)))
    return torch.randn(shape, generator=generator, device=device)
