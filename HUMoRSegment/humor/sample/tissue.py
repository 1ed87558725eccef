"""From distances to tissues: how much of each voxel is fluid, grey matter, white matter, ..."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from humor.sample.anatomy import Anatomy
from humor.sample.folding import Folds
from humor.sample.head import Head
from humor.sample.shapes import coverage


@dataclass(frozen=True)
class Tissues:
    """Parts of voxels, each 0 to 1.

    Attributes:
        parts: by tissue name; they sum to 1 inside the head.
        pial: distance (mm) to the surface of the cortex, positive in the brain.
    """

    parts: dict[str, np.ndarray]
    pial: np.ndarray


def compose(anatomy: Anatomy, folds: Folds, head: Head, voxel: float) -> Tissues:
    """Lay the tissues over each other, the later ones on top.

    Args:
        anatomy, folds: distances at any set of points: the lattice's, or some voxels'.
        head: the patient.
        voxel: edge length in mm, over which borders are shared between tissues.
    """
    pial = pial_distance(anatomy, folds, head)
    stem = coverage(anatomy.stem, voxel)
    leaf, branch = _folia(anatomy)
    parts = {"csf": np.ones_like(pial)}
    _lay(parts, "cerebellar", coverage(-leaf, voxel))
    _lay(parts, "white", coverage(-branch, 1.5 * voxel))
    _lay(parts, "grey", coverage(-pial, voxel))
    _lay(parts, "white", coverage(2.9 - pial, 1.4 * voxel))
    _lay(parts, "stem", stem)
    _lay(parts, "nuclei", coverage(anatomy.grey_nuclei, 2 * voxel) * coverage(-anatomy.stem, 4 * voxel))
    _lay(parts, "pallidum", coverage(anatomy.pallidum, 2 * voxel))
    _lay(parts, "csf", coverage(anatomy.ventricles, voxel))
    _lay(parts, "choroid", coverage(np.maximum(anatomy.choroid, anatomy.ventricles), voxel))
    return Tissues(parts, pial)


def _lay(parts: dict[str, np.ndarray], name: str, cover: np.ndarray) -> None:
    """Put a tissue over those already there."""
    keep = 1 - cover
    for part in parts.values():
        part *= keep
    parts[name] = parts[name] + cover if name in parts else cover


def pial_distance(anatomy: Anatomy, folds: Folds, head: Head) -> np.ndarray:
    """Distance (mm, about) to the folded surface of the cortex, positive inside."""
    gap = 0.1 + 0.4 * head.atrophy
    slit = 0.3 + 0.5 * head.atrophy
    wall = np.minimum(anatomy.depth - gap, anatomy.midline - slit)
    # Sulci open towards the surface and are closed slits further down.
    mouth = (0.1 + 0.5 * head.atrophy) + 0.7 * np.exp(-np.maximum(wall, 0) / 3)
    past_end = np.maximum(np.maximum(wall - folds.reach, 15 - folds.radius), 0)
    to_sulcus = np.sqrt(np.abs(folds.sulcus) ** 2 + past_end**2) - mouth
    pial = np.minimum(np.minimum(wall, anatomy.sylvian - slit), to_sulcus)
    # No cortex at the ventricles, nor where the stem enters.
    white = np.maximum(4.5 - anatomy.ventricles, 3.5 - anatomy.stem)
    return np.where(anatomy.depth > 6, np.maximum(pial, np.minimum(white, np.minimum(wall, 4))), pial)


def _folia(anatomy: Anatomy) -> tuple[np.ndarray, np.ndarray]:
    """Cerebellum: distance into its leaves, and into the white branches between them."""
    _, y, z = anatomy.points
    depth = -anatomy.cerebellum
    toward = np.stack([y - 47, z + 36])
    angle = np.arctan2(toward[1], toward[0]) + 0.03 * np.sin(anatomy.points[0] / 7)
    radius = np.sqrt((toward**2).sum(0)) + 1
    # Leaves every 0.2 rad: about 5 mm at the surface.
    wave = np.sin(angle * 31)
    between = (1 + wave) * radius / 31
    leaf = np.minimum(depth, np.where(depth < 7, between * 0.8 - 0.35 + 0.12 * depth, depth))
    branch = np.minimum(depth - 8 - 4 * (1 - wave), 8.0)
    return leaf, branch
