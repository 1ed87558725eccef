"""Random changes of contrast, bias field, resolution, sharpness and noise, sequence by sequence.

In place and without new full-size arrays where possible: on CPUs the time goes into memory.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from .chance import below, between, normal_on
from .config import IntensityConfig
from .warping import smooth_field

MEAN_BRAIN = 4.0
"""Mean intensity of a brain in units of its standard deviation (2 to 6 in public glioma studies)."""


def vary_intensity(channel: Tensor, config: IntensityConfig, rng: np.random.Generator) -> Tensor:
    """One sequence's window ``[D, H, W]`` of z-scores (float32), changed in place and returned.

    Background (exactly 0 before) stays exactly 0.
    """
    inside = channel != 0
    if not bool(inside.any()):
        return channel
    if below(rng, config.contrast):
        _gamma(channel, inside, between(rng, config.gamma))
    if below(rng, config.bias):
        _bias(channel, float(rng.uniform(0, config.bias_strength)), rng)
    if below(rng, config.thick_slices):
        channel.copy_(_thicker(channel, between(rng, config.slice_factor), int(rng.integers(3))))
    if below(rng, config.ringing):
        channel.copy_(_ringing(channel, between(rng, config.kept_frequencies), int(rng.integers(3))))
    if below(rng, config.sharpness):
        amount = float(rng.uniform(-config.sharpen, config.sharpen))
        channel.lerp_(blurred(channel), -amount)
    if below(rng, config.noise):
        noise = normal_on(channel.device, tuple(channel.shape), rng)
        channel.add_(noise, alpha=between(rng, config.noise_level))
    channel.mul_(between(rng, config.scale)).add_(float(rng.normal(0.0, config.shift)))
    return channel.mul_(inside)


def _gamma(channel: Tensor, inside: Tensor, gamma: float) -> None:
    """A gamma curve over the window's range; mean and deviation inside the brain stay."""
    low, high = channel.amin(), channel.amax()
    before = _statistics(channel, inside)
    channel.sub_(low).div_((high - low).clamp_min(1e-6)).pow_(gamma)
    after = _statistics(channel, inside)
    if before and after:
        channel.sub_(after[0]).mul_(before[1] / after[1]).add_(before[0])
    else:
        channel.mul_(high - low).add_(low)


def _statistics(channel: Tensor, inside: Tensor) -> tuple[float, float] | None:
    """Mean and deviation inside the brain, of every eighth voxel: enough, and quick."""
    few = channel[::2, ::2, ::2][inside[::2, ::2, ::2]]
    if few.numel() < 2:
        return None
    deviation, mean = torch.std_mean(few)
    return (float(mean), float(deviation)) if deviation > 1e-6 else None


def _bias(channel: Tensor, strength: float, rng: np.random.Generator) -> None:
    """A smooth field that multiplies intensities, which in z-scores is ``z + b·(z + mean/std)``."""
    depth, height, width = channel.shape
    grain = max(depth, height, width) / 2
    field = smooth_field((depth, height, width), grain, rng, channel.device).mul_(strength)
    channel.add_(field).addcmul_(channel, field, value=1 / MEAN_BRAIN)


def _thicker(channel: Tensor, factor: float, axis: int) -> Tensor:
    """As if acquired in slices ``factor`` times as thick along one axis, and interpolated."""
    size = list(channel.shape)
    size[axis] = max(2, round(size[axis] / factor))
    thick = interpolate(channel[None, None], size=size, mode="area")
    return interpolate(thick, size=tuple(channel.shape), mode="trilinear")[0, 0]


def _ringing(channel: Tensor, kept: float, axis: int) -> Tensor:
    """Without the highest spatial frequencies along one axis."""
    spectrum = torch.fft.rfft(channel, dim=axis)
    first = max(1, round(spectrum.shape[axis] * kept))
    spectrum.narrow(axis, first, spectrum.shape[axis] - first).zero_()
    return torch.fft.irfft(spectrum, n=channel.shape[axis], dim=axis)


def blurred(channel: Tensor) -> Tensor:
    """Binomial smoothing (1, 2, 1)/4 along the three axes: a Gaussian with a deviation of 0.7 voxels."""
    for axis in range(3):
        length = channel.shape[axis]
        smooth = channel.clone()
        middle = smooth.narrow(axis, 1, length - 2)
        middle.mul_(0.5).add_(channel.narrow(axis, 0, length - 2), alpha=0.25)
        middle.add_(channel.narrow(axis, 2, length - 2), alpha=0.25)
        channel = smooth
    return channel
