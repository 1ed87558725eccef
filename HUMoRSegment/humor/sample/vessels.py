"""Blood vessels and venous sinuses, which contrast agent lights up in T1c."""

from __future__ import annotations

import numpy as np

from humor.sample.anatomy import Anatomy
from humor.sample.folding import Folds
from humor.sample.noise import roughen
from humor.sample.shapes import join, tube
from humor.sample.space import Space


def large_vessels(rng: np.random.Generator, space: Space, anatomy: Anatomy) -> np.ndarray:
    """Distance (mm) on the lattice to the sinuses of the dura and the arteries of the base.

    The superior sagittal and the transverse sinus run along the surface, wherever that is.
    """
    winding = roughen(rng, space, anatomy.points)
    x, y, z = winding
    surface = np.abs(anatomy.inside + 1.0)
    sagittal = np.where(z > 5, np.sqrt(x**2 + surface**2) - 2.2, 9)
    transverse = np.where((y > 40) & (np.abs(x) > 8), np.sqrt((z + 14) ** 2 + surface**2) - 1.4, 9)
    straight = tube(winding, [(0, 42, 6, 1.6), (0, 70, -6, 1.8), (0, 98, -8, 2.2)])
    internal_veins = tube(winding, [(0, 8, 12, 0.8), (0, 30, 12, 1.2), (0, 42, 6, 1.6)])
    side = (np.abs(x), y, z)
    carotid = tube(side, [(12, -2, -24, 2.0), (12, -6, -14, 1.8), (22, -6, -11, 1.4), (36, -4, -9, 1.1)])
    anterior = tube(side, [(10, -6, -12, 1.2), (2, -20, -6, 1.0), (2, -38, 6, 0.9), (2, -28, 28, 0.7)])
    posterior = tube(side, [(1, 10, -18, 1.3), (14, 18, -14, 1.0), (20, 34, -9, 0.8)])
    basilar = tube(winding, [(0, 19, -44, 1.2), (0, 11, -28, 1.6), (0, 10, -18, 1.5)])
    veins = join(sagittal, transverse, straight, internal_veins)
    return join(veins, carotid, anterior, posterior, basilar).astype(np.float32)


def cortical_vessels(folds: Folds, pial: np.ndarray) -> np.ndarray:
    """Distance (mm) to the veins in the sulci: where a second set of sheets crosses them."""
    return np.sqrt(folds.vein**2 + np.clip(pial + 0.7, -3, 3) ** 2) - 0.45
