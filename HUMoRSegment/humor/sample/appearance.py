"""The ideal image: every voxel's tissues, tumour and textures, in the brightness of each sequence."""

from __future__ import annotations

import numpy as np

from humor.sample import contrast
from humor.sample.anatomy import Anatomy
from humor.sample.noise import smooth_noise
from humor.sample.shapes import coverage
from humor.sample.space import Space
from humor.sample.tumour import Tumour


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
    table = contrast.draw_brightness(rng)
    value = sum(np.outer(table[name], part).astype(np.float32) for name, part in parts.items())
    # Myelin is uneven, and the white matter next to the ventricles holds more water.
    texture = space.to_voxels(smooth_noise(rng, space, 6))[mask]
    value += np.outer(contrast.MYELIN_TEXTURE, texture * (1 - parts["csf"]))
    rim = np.exp(-np.maximum(anatomy.ventricles, 0) / 2.5) * parts["white"]
    value += np.outer(contrast.VENTRICLE_RIM, rim)

    grain = space.to_voxels(smooth_noise(rng, space, 4))[mask]
    wet = coverage(tumour.oedema, 3.0) * tumour.swelling * (1 - parts["csf"] - parts["vessel"])
    _replace(value, wet, table["oedema"], contrast.OEDEMA_TEXTURE, grain)
    _replace(value, coverage(tumour.core, 2.0), table["enhancing"], contrast.ENHANCING_TEXTURE, grain)
    dead = coverage(tumour.necrosis, 2.0) * (tumour.core < 0)
    _replace(value, dead, table["necrosis"], contrast.NECROSIS_TEXTURE, grain)
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
