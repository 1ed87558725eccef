"""From distances to tissues: what each voxel holds of fluid, grey and white matter; folds and vessels.

Sulci are thin sheets that reach in from the surface of the cerebrum. They are the zero level of band-passed
noise, read at each point's projection to the surface so that they stand upright on it; about 12 mm apart at
the surface, they leave winding gyri between them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from humor.sample.anatomy import Anatomy
from humor.sample.head import Head
from humor.sample.space import STEP, BandNoise, Points, Space, coverage, join, roughen, tube

_GYRUS = (13.0, 24.0)  # shortest and longest wavelength, mm
_MEAN_RADIUS = 40.0


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


@dataclass(frozen=True)
class Folds:
    """On the lattice, mm.

    Attributes:
        sulcus: signed distance to the middle of the nearest sulcus, wherever that would end.
        reach: how deep sulci go there.
        radius: distance from the axis of the hemisphere, towards which all sulci would meet.
        vein: signed distance to a second set of sheets; where it crosses a sulcus runs a vessel.
    """

    sulcus: np.ndarray
    reach: np.ndarray
    radius: np.ndarray
    vein: np.ndarray


def draw_folds(rng: np.random.Generator, space: Space, anatomy: Anatomy) -> Folds:
    """Draw the sulci of one patient."""
    surface, radius = _project(anatomy.points)
    sulcus = BandNoise(rng, *_GYRUS)(surface)
    depth = BandNoise(rng, 30, 70)(surface)
    vein = BandNoise(rng, 22, 45)(anatomy.points)
    return Folds(
        sulcus=_as_distance(sulcus),
        reach=np.clip(14 + 6 * depth, 3, 26),
        radius=radius,
        vein=_as_distance(vein),
    )


def _project(points: Points) -> tuple[Points, np.ndarray]:
    """Points moved most of the way along the radius of their hemisphere to its surface.

    What remains of the depth bends the sulci a little. Also returns the distance from that axis.
    """
    x, y, z = points
    side = np.where(x < 0, -1, 1).astype(np.float32)
    axis = (30 * side, np.clip(y, -32, 58), np.float32(8.0) + 0 * z)
    offset = [p - a for p, a in zip(points, axis, strict=True)]
    length = np.sqrt(sum(o**2 for o in offset)) + 1e-3
    radius = _MEAN_RADIUS + 0.3 * (length - _MEAN_RADIUS)
    on_surface = [a + radius * o / length for a, o in zip(axis, offset, strict=True)]
    # The halves must not mirror each other across the midline.
    return (on_surface[0] + 60 * side, on_surface[1], on_surface[2]), length


def _as_distance(field: np.ndarray) -> np.ndarray:
    """Turn a smooth field into a signed distance (mm) to its zero level: value over slope."""
    slopes = np.gradient(field, STEP)
    steepness = np.sqrt(sum(s**2 for s in slopes))
    return field / (steepness + np.float32(0.02))


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
