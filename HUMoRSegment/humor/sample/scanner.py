"""From ideal brightness to an image: finite resolution, uneven coils, noise, whole numbers."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from humor.sample.contrast import LEVELS, ZERO
from humor.sample.noise import smooth_noise
from humor.sample.space import Space

# Standard deviations in voxels along x, y, z: FLAIR and T2 are mostly acquired in thicker slices.
_BLUR = {"t1": (0.5, 0.5, 0.6), "t1c": (0.45, 0.45, 0.6), "t2": (0.5, 0.5, 0.8), "flair": (0.6, 0.6, 0.9)}
_NOISE = {"t1": 0.13, "t1c": 0.13, "t2": 0.09, "flair": 0.14}
_BIAS = 0.05


def scan(
    rng: np.random.Generator, space: Space, sequence: str, brightness: np.ndarray, mask: np.ndarray
) -> np.ndarray:
    """One sequence as it comes from the scanner and after skull-stripping.

    Args:
        rng, space: the patient's.
        sequence: which one.
        brightness: z-scores in the box's voxels.
        mask: what of the box is head.

    Returns:
        uint8, the whole image; 0 outside the mask and at least 1 inside.
    """
    sigma = tuple(s / space.spacing for s in _BLUR[sequence])
    signal = ZERO[sequence] + LEVELS[sequence] * brightness
    signal = ndimage.gaussian_filter(signal, sigma, truncate=2.5)
    signal = signal[mask] * (1 + _BIAS * space.to_voxels(smooth_noise(rng, space, 55))[mask])
    # A magnitude image: the noise of two channels under the root (Rician).
    strength = np.float32(_NOISE[sequence] * LEVELS[sequence])
    noise = strength * rng.standard_normal((2, signal.size), np.float32)
    signal = np.sqrt((np.maximum(signal, 0) + noise[0]) ** 2 + noise[1] ** 2)
    image = np.zeros(space.shape, np.uint8)
    image[space.box][mask] = np.clip(np.rint(signal), 1, 255).astype(np.uint8)
    return image
