"""From tissues to an image: the brightness of each in each sequence, then a scanner's resolution and noise.

Values are about standard deviations from the mean of the brain, as networks see an image after
z-scoring; what they really become depends on the patient's mix of tissues. They follow what the
sequences are known to show: T1 white > grey > fluid, T2 the reverse, FLAIR with the fluid's signal
nulled, and in T1c gadolinium wherever there is no blood-brain barrier. They were adjusted until the
means per tissue and tumour part lay near those of public glioma studies.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from humor.sample.anatomy import Anatomy
from humor.sample.space import Space, coverage, smooth_noise
from humor.sample.tumour import Tumour
from humor.sequences import SEQUENCES

BRIGHTNESS: dict[str, tuple[float, float, float, float]] = {
    # tissue: t1, t1c, t2, flair
    "csf": (-2.9, -2.1, 3.9, -1.4),
    "grey": (-0.60, -0.35, -0.05, 0.10),
    "white": (1.05, 0.50, -0.40, -0.20),
    "cerebellar": (-0.10, 0.00, -0.10, 0.00),
    "stem": (0.75, 0.40, -0.35, -0.05),
    "nuclei": (0.15, 0.10, -0.25, 0.10),
    "pallidum": (0.75, 0.35, -0.85, -0.50),
    "choroid": (-0.8, 2.6, 1.2, 0.3),
    "vessel": (-0.8, 4.2, -0.6, -0.6),
}
OEDEMA = (-0.05, -0.25, 1.50, 1.00)
ENHANCING = (0.10, 2.20, 1.30, 0.95)
NECROSIS = (-0.95, -0.90, 2.40, 0.75)
# How much tissue varies over a few millimetres, in the same unit.
MYELIN_TEXTURE = (0.10, 0.08, 0.06, 0.12)
VENTRICLE_RIM = (-0.4, -0.2, 0.4, 1.2)
OEDEMA_TEXTURE = (0.1, 0.1, 0.15, 0.25)
ENHANCING_TEXTURE = (0.2, 1.0, 0.3, 0.5)
NECROSIS_TEXTURE = (0.1, 0.1, 0.3, 0.4)
# What a stored value means: value = ZERO + LEVELS · z, as a whole number. Rougher steps make smaller
# files; these stay below the noise.
ZERO = {"t1": 38.0, "t1c": 34.0, "t2": 19.0, "flair": 36.0}
LEVELS = {"t1": 9.5, "t1c": 9.0, "t2": 9.0, "flair": 10.0}
# Standard deviations in voxels along x, y, z: FLAIR and T2 are mostly acquired in thicker slices.
_BLUR = {"t1": (0.5, 0.5, 0.6), "t1c": (0.45, 0.45, 0.6), "t2": (0.5, 0.5, 0.8), "flair": (0.6, 0.6, 0.9)}
_NOISE = {"t1": 0.13, "t1c": 0.13, "t2": 0.09, "flair": 0.14}
_BIAS = 0.05


def ideal_brightness(
    rng: np.random.Generator,
    space: Space,
    mask: np.ndarray,
    parts: dict[str, np.ndarray],
    tumour: Tumour,
    anatomy: Anatomy,
) -> np.ndarray:
    """Brightness ``[sequence, voxel]`` of the mask's voxels as z-scores, before the scanner.

    Args:
        rng, space: the patient's.
        mask: the box's voxels that are head.
        parts: by tissue name, what of each of these voxels it fills.
        tumour, anatomy: distances at these voxels.
    """
    table = draw_brightness(rng)
    value = sum(np.outer(table[name], part).astype(np.float32) for name, part in parts.items())
    # Myelin is uneven, and the white matter next to the ventricles holds more water.
    texture = space.to_voxels(smooth_noise(rng, space, 6))[mask]
    value += np.outer(MYELIN_TEXTURE, texture * (1 - parts["csf"]))
    rim = np.exp(-np.maximum(anatomy.ventricles, 0) / 2.5) * parts["white"]
    value += np.outer(VENTRICLE_RIM, rim)

    grain = space.to_voxels(smooth_noise(rng, space, 4))[mask]
    wet = coverage(tumour.oedema, 3.0) * tumour.swelling * (1 - parts["csf"] - parts["vessel"])
    _replace(value, wet, table["oedema"], OEDEMA_TEXTURE, grain)
    _replace(value, coverage(tumour.core, 2.0), table["enhancing"], ENHANCING_TEXTURE, grain)
    dead = coverage(tumour.necrosis, 2.0) * (tumour.core < 0)
    _replace(value, dead, table["necrosis"], NECROSIS_TEXTURE, grain)
    return value


def _replace(
    value: np.ndarray,
    cover: np.ndarray,
    brightness: np.ndarray,
    texture: tuple[float, float, float, float],
    grain: np.ndarray,
) -> None:
    """Where ``cover`` is 1, put a tumour part in the place of what was there (in place)."""
    value += cover * (brightness[:, None] - value)
    value += np.outer(texture, cover * grain)


def draw_brightness(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """The table for one patient and scanner, by tissue in sequence order; part names as the tumour's too."""
    table = {**BRIGHTNESS, "oedema": OEDEMA, "enhancing": ENHANCING, "necrosis": NECROSIS}
    return {name: np.array(values) + rng.normal(0, 0.06, len(SEQUENCES)) for name, values in table.items()}


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
