"""A glioblastoma: an irregular core with a dead middle and an enhancing rim, in spreading oedema.

Three fields are grown on the lattice and cut at the levels that give the patient's volumes, so that
every seed's tumour has the size it was meant to have.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from humor.sample.head import Head
from humor.sample.space import STEP, Space, smooth_noise

_LATTICE_ML = STEP**3 / 1000


@dataclass(frozen=True)
class Tumour:
    """Signed distances (mm, about; negative inside) on the lattice.

    Attributes:
        core: enhancing and necrotic tissue together.
        necrosis: what does not enhance.
        oedema: core and oedema together.
        swelling: 0 to 1, how much water the oedema holds: most at the core, little at the fingertips.
    """

    core: np.ndarray
    necrosis: np.ndarray
    oedema: np.ndarray
    swelling: np.ndarray


def grow_tumour(
    rng: np.random.Generator, space: Space, head: Head, white: np.ndarray, room: np.ndarray
) -> Tumour:
    """Grow a patient's tumour.

    Args:
        rng, space, head: the patient.
        white: white matter on the lattice, 0 to 1: what oedema spreads through.
        room: distance (mm) on the lattice to everything a tumour does not cross (the surface of the
            brain, ventricles, midline, stem), positive where it may be.
    """
    core = _core(rng, space, head, room)
    necrosis = _necrosis(rng, space, head, core)
    reached = _spread(rng, space, core, white, room)
    ragged = np.log(np.maximum(reached, 1e-20)) + 0.3 * smooth_noise(rng, space, 8)
    ragged = np.where(core < -1, 10, np.where(room > 0, ragged, -30))
    level = _level(-ragged, head.whole_ml)
    # A factor of e in what has spread is about 2 mm.
    oedema = np.minimum(np.clip((level - -ragged) * -2, -20, 20), core)
    swelling = np.clip(0.55 + (level + ragged) / 9, 0, 1)
    return Tumour(core=core, necrosis=necrosis, oedema=oedema, swelling=swelling.astype(np.float32))


def _level(field: np.ndarray, volume_ml: float) -> float:
    """The level below which the field encloses a volume."""
    count = max(int(volume_ml / _LATTICE_ML), 1)
    return float(np.partition(field, count, axis=None)[count])


def _core(rng: np.random.Generator, space: Space, head: Head, room: np.ndarray) -> np.ndarray:
    """Two or three overlapping lumps with a wavy outline."""
    radius = (head.core_ml * 1000 * 3 / (4 * np.pi)) ** (1 / 3)
    distance: np.ndarray = np.full(room.shape, np.inf, np.float32)
    for lump in range(3):
        shift = rng.normal(0, 0.42 * radius, 3) if lump else np.zeros(3)
        stretch = rng.uniform(0.8, 1.25, 3)
        squares = (
            ((p - c - s) / e) ** 2
            for p, c, s, e in zip(space.lattice, head.tumour_centre, shift, stretch, strict=True)
        )
        distance = np.minimum(distance, np.sqrt(sum(squares)) * (1 + 0.2 * lump))
    distance = distance + 2.6 * smooth_noise(rng, space, 10) + 0.9 * smooth_noise(rng, space, 5)
    # It grows away from what it does not cross, rather than around it.
    distance = distance + 0.7 * np.maximum(6 - room, 0)
    distance = np.where(room > 0, distance, 60 - room)
    field = ndimage.gaussian_filter(distance, 0.6)
    return field - _level(field, head.core_ml)


def _necrosis(rng: np.random.Generator, space: Space, head: Head, core: np.ndarray) -> np.ndarray:
    """Dead tissue: deep in the core, in a few chambers, the rim around it thick here and thin there."""
    chambers = 2.2 * smooth_noise(rng, space, 9) + 1.6 * smooth_noise(rng, space, 5)
    field = np.where(core < -1.2, core + chambers, 30 + core)
    return np.maximum(field - _level(field, head.core_ml * head.necrotic_part), core + 1.2)


def _spread(
    rng: np.random.Generator, space: Space, core: np.ndarray, white: np.ndarray, room: np.ndarray
) -> np.ndarray:
    """Fluid that leaves the core and seeps along the white matter, hardly into the cortex."""
    source = core < 0
    # Some tracts carry it far, others little.
    tracts = np.exp(0.45 * np.minimum(smooth_noise(rng, space, 13), 1.5) - 0.68)
    passage = np.where(room > 0, 0.04 + 0.96 * tracts * np.clip((white - 0.3) * 2, 0, 1), 0)
    passage = passage.astype(np.float32)
    fluid = source.astype(np.float32)
    for _ in range(36):
        fluid = ndimage.uniform_filter(fluid, 3) * passage
        fluid[source] = 1
    return fluid
