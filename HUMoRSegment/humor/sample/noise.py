"""Seeded smooth random fields: what makes formulas look grown."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from humor.sample.shapes import Points
from humor.sample.space import Space, apply_along_axes

_BLOCK = 48


def smooth_noise(rng: np.random.Generator, space: Space, grain: float) -> np.ndarray:
    """A field on the lattice with standard deviation near 1 that changes over ``grain`` mm.

    Random numbers every ``grain`` mm are the weights of cubic B-splines, so it is smooth.
    """
    matrices, counts = [], []
    for axis in space.lattice_axes:
        position = (axis - axis[0]) / grain + 1
        count = int(np.ceil(position[-1])) + 2
        matrices.append(_cubic_b_spline(position[:, None] - np.arange(count)[None]))
        counts.append(count)
    control = rng.standard_normal(counts).astype(np.float32)
    return apply_along_axes(control, matrices) / np.float32(0.48**1.5)


def _cubic_b_spline(t: np.ndarray) -> np.ndarray:
    t = np.abs(t)
    near = 2 / 3 - t**2 + t**3 / 2
    far = (2 - t) ** 3 / 6
    return np.where(t < 1, near, np.where(t < 2, far, 0)).astype(np.float32)


def roughen(rng: np.random.Generator, space: Space, points: Points) -> Points:
    """Lattice points shaken by a few millimetres over short distances, for what is ragged or winding."""
    x, y, z = (p + 1.5 * smooth_noise(rng, space, 9) for p in points)
    return (x, y, z)


class BandNoise:
    """Periodic noise of wavelengths between two bounds (mm), standard deviation 1, for any points."""

    def __init__(self, rng: np.random.Generator, shortest: float, longest: float) -> None:
        self.step = shortest / 5
        frequency = np.fft.fftfreq(_BLOCK, self.step)
        radius = np.sqrt(sum(f**2 for f in np.meshgrid(frequency, frequency, frequency, indexing="ij")))
        band = (radius >= 1 / longest) & (radius <= 1 / shortest)
        spectrum = np.fft.fftn(rng.standard_normal((_BLOCK,) * 3)) * band
        block = np.fft.ifftn(spectrum).real
        self.block = (block / block.std()).astype(np.float32)

    def __call__(self, points: Points) -> np.ndarray:
        """The field at points given in mm (quadratic interpolation)."""
        where = np.stack([p / self.step for p in points])
        return ndimage.map_coordinates(self.block, where, order=2, mode="grid-wrap", output=np.float32)
