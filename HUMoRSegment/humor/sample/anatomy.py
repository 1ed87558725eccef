"""The plan of the brain: hulls, fissures, ventricles, deep grey matter, in signed distances on the lattice.

Sizes and places are those of textbook anatomy in mm from the anterior commissure; the two halves are
drawn once, in ``|x|``, and made unequal by the warp of the coordinates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from humor.sample.head import Head
from humor.sample.space import STEP, Points, Space, ellipsoid, join, roughen, sheet, smooth_noise, tube

# Height of the skull's floor, and behind y = 40 of the tentorium, along the midline.
_FLOOR_Y = (-70, -30, 0, 28, 42, 62, 82, 105)
_FLOOR_Z = (-16, -22, -19, -15, -8, -9, -14, -17)


@dataclass(frozen=True)
class Anatomy:
    """Distances in mm on the lattice; negative inside, except ``depth``, positive inside.

    Attributes:
        inside: the whole skull-stripped head (brain and the fluid between its parts).
        depth: below the surface of the cerebrum as it would be without folds.
        midline, sylvian: to the sheets of the interhemispheric and the Sylvian fissures.
        cerebellum, stem: the two other parts of the brain.
        ventricles, choroid: the fluid-filled chambers and the plexus in them.
        grey_nuclei, pallidum: deep grey matter, and its iron-rich part.
        points: the warped coordinates in which all this was drawn.
    """

    inside: np.ndarray
    depth: np.ndarray
    midline: np.ndarray
    sylvian: np.ndarray
    cerebellum: np.ndarray
    stem: np.ndarray
    ventricles: np.ndarray
    choroid: np.ndarray
    grey_nuclei: np.ndarray
    pallidum: np.ndarray
    points: Points


def draw_anatomy(rng: np.random.Generator, space: Space, head: Head) -> Anatomy:
    """Draw one patient's brain, pushed aside by the tumour."""
    outer = _warp(rng, space, head)
    hull, cerebellum, stem = _hulls(outer)
    solid = join(hull, cerebellum, stem, blend=4) < 0
    outside_mm = ndimage.distance_transform_edt(~solid).astype(np.float32) * STEP
    # The fluid between cerebrum, cerebellum and stem belongs to a skull-stripped brain.
    closed = ndimage.distance_transform_edt(outside_mm < 7).astype(np.float32) * STEP - 7
    inside = np.minimum(outside_mm, -closed)
    cerebrum = join(hull, stem, blend=3) < 0
    below = ndimage.distance_transform_edt(cerebrum) - ndimage.distance_transform_edt(~cerebrum)
    below = ndimage.gaussian_filter(below.astype(np.float32) * STEP, 0.7)

    points = _push(space, outer, below, head)
    grey_nuclei, pallidum = _nuclei(points)
    ventricles = _ventricles(points, head)
    # Skull-stripping leaves a rim of fluid here and takes a little cortex there.
    cut = 0.2 - 0.5 * head.atrophy + 0.7 * smooth_noise(rng, space, 22)
    return Anatomy(
        inside=ndimage.gaussian_filter(inside, 0.7) + cut,
        depth=below,
        midline=_midline(points),
        sylvian=_sylvian(roughen(rng, space, points)),
        cerebellum=cerebellum,
        stem=stem,
        ventricles=join(-join(-ventricles, grey_nuclei, blend=2), _small_ventricles(points)),
        choroid=_choroid(points),
        grey_nuclei=grey_nuclei,
        pallidum=pallidum,
        points=points,
    )


def _warp(rng: np.random.Generator, space: Space, head: Head) -> Points:
    """Coordinates of an average head for every lattice point: scaled and gently bent."""
    bent = []
    for place, factor in zip(space.lattice, head.scale, strict=True):
        bend = 1.6 * smooth_noise(rng, space, 38) + 0.7 * smooth_noise(rng, space, 18)
        bent.append((place + bend) / np.float32(factor))
    return (bent[0], bent[1], bent[2])


def _push(space: Space, points: Points, below: np.ndarray, head: Head) -> Points:
    """The tumour's mass effect: tissue around it is moved away, less near the skull."""
    offset = [p - c for p, c in zip(space.lattice, head.tumour_centre, strict=True)]
    distance = np.sqrt(sum(o**2 for o in offset)) + 1e-3
    give = np.clip(below / 14, 0, 1)
    shift = 5.5 * (1 - np.exp(-distance / 8)) * np.exp(-((distance / 42) ** 2)) * give
    moved = [p - shift * o / distance for p, o in zip(points, offset, strict=True)]
    return (moved[0], moved[1], moved[2])


def _hulls(points: Points) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cerebrum (without folds), cerebellum and brain stem."""
    x, y, z = points
    side = (np.abs(x), y, z)
    # Wider at the back than in front: an egg, not an ellipsoid.
    egg = (x * (1 + 0.0012 * (10 - y)), y, z)
    crown = ellipsoid(side, (26, 18, 20), (35, 76, 48))
    dome = join(ellipsoid(egg, (0, 17, 3), (66, 84, 70)), crown, blend=6)
    floor = np.interp(y, _FLOOR_Y, _FLOOR_Z).astype(np.float32)
    floor = floor + 5 * np.exp(-((x / 16) ** 2)) * np.clip((20 - y) / 30, 0, 1)
    # Behind, it follows the tentorium: a tent that falls to the sides.
    floor = floor - 0.12 * np.abs(x) * np.clip((y - 20) / 20, 0, 1)
    upper = -join(-dome, -(floor - z), blend=7)
    temporal = tube(side, [(38, -20, -18, 12), (44, 0, -20, 17), (46, 26, -16, 17), (41, 52, -8, 14)])
    brain = join(upper, temporal, blend=4)
    cerebellum = join(
        ellipsoid(side, (24, 62, -35), (28, 27, 24)),
        ellipsoid(side, (0, 58, -31), (15, 23, 26)),
        blend=5,
    )
    # The tentorium keeps cerebrum and cerebellum apart.
    cerebellum = np.maximum(cerebellum, z - floor + 1.2)
    midbrain = join(
        tube(points, [(0, 23, -6, 9), (0, 26, -14, 13)]),
        tube(side, [(13, 15, -5, 5), (9, 20, -13, 8)]),
        blend=3,
    )
    pons = ellipsoid(points, (0, 27, -28), (18, 14, 15))
    medulla = tube(points, [(0, 33, -34, 11), (0, 42, -58, 7), (0, 46, -70, 6)])
    peduncle = tube(side, [(8, 33, -30, 8), (20, 48, -34, 8)])
    return brain, cerebellum, join(midbrain, pons, medulla, peduncle, blend=4)


def _midline(points: Points) -> np.ndarray:
    """Distance to the sheet between the hemispheres, which ends at the corpus callosum."""
    x, y, z = points
    callosum = _ellipse(y - 4, z - 6, 37, 21)
    below = _ellipse(y - 16, z + 12, 22, 22)
    return sheet(np.abs(x), -join(callosum, below, blend=4))


def _sylvian(points: Points) -> np.ndarray:
    """Distance to the clefts above the temporal lobes and to the insulae at their ends."""
    x, y, z = points
    width = np.abs(x)
    slope = -5 + 0.42 * (y + 12) + 3 * np.sin(y / 9)
    off = z - slope
    behind = np.maximum(y - 36, -34 - y)
    cleft = sheet(np.abs(off), 37 - width, behind)
    insula = sheet(np.abs(width - 37 + 0.0045 * (y - 2) ** 2), np.abs(off - 1) - 12, np.abs(y - 1) - 22)
    return join(cleft, insula)


def _ellipse(u: np.ndarray, v: np.ndarray, a: float, b: float) -> np.ndarray:
    """Distance (about) to an ellipse in a plane, negative inside."""
    k0 = np.sqrt((u / a) ** 2 + (v / b) ** 2)
    k1 = np.sqrt((u / a**2) ** 2 + (v / b**2) ** 2)
    return k0 * (k0 - 1) / np.maximum(k1, 1e-6)


def _ventricles(points: Points, head: Head) -> np.ndarray:
    """Both lateral ventricles with frontal, occipital and temporal horns."""
    x, y, z = points
    side = (np.abs(x), y, z)
    size = 0.7 + 0.5 * head.atrophy
    body = [
        (9, -31, 4, 2.5), (10, -20, 9, 5.0), (9, 0, 17, 4.8), (12, 18, 19, 5.0),
        (21, 33, 15, 6.0), (27, 43, 8, 7.0), (26, 58, 4, 4.5), (23, 70, 3, 2.0),
    ]  # fmt: skip
    temporal = [(28, 42, 4, 5.0), (34, 29, -8, 3.2), (34, 10, -16, 2.2), (31, -2, -19, 1.2)]
    paths = [[(a, b, c, r * size) for a, b, c, r in path] for path in (body, temporal)]
    horns = join(tube(side, paths[0]), tube(side, paths[1]), blend=2.5)
    septum = 0.9 - np.abs(x)
    return np.maximum(horns, septum)


def _small_ventricles(points: Points) -> np.ndarray:
    """Third ventricle, aqueduct and fourth ventricle."""
    third = ellipsoid(points, (0, 14, -1), (1.7, 14, 10))
    aqueduct = tube(points, [(0, 27, -4, 1.2), (0, 36, -18, 1.2), (0, 42, -26, 2.0)])
    fourth = ellipsoid(points, (0, 43, -33), (7, 5.5, 11))
    return join(third, aqueduct, fourth, blend=1.5)


def _nuclei(points: Points) -> tuple[np.ndarray, np.ndarray]:
    """Caudate, putamen, thalamus, hippocampus and amygdala together; the pallidum on its own."""
    x, y, z = points
    side = (np.abs(x), y, z)
    caudate = tube(side, [(14, -20, 3, 5.0), (15, -8, 9, 5.5), (18, 6, 19, 3.6), (23, 24, 20, 2.2)])
    shear = (side[0] - 0.22 * (y - 2), y, z)
    putamen = ellipsoid(shear, (25.5, 1, 2), (5.0, 16, 10.5))
    pallidum = ellipsoid(shear, (19, 4, -1), (4.0, 9, 6.5))
    thalamus = ellipsoid((side[0] - 0.3 * (y - 19), y, z), (11, 19, 6), (8.0, 14, 8.5))
    hippocampus = tube(side, [(25, 4, -19, 5.0), (28, 20, -14, 4.2), (26, 34, -4, 3.2)])
    amygdala = ellipsoid(side, (23, -3, -18), (8, 8, 8))
    grey = join(caudate, putamen, thalamus, hippocampus, amygdala)
    return np.maximum(grey, -pallidum - 0.3), pallidum


def _choroid(points: Points) -> np.ndarray:
    """Choroid plexus on the floor of the atrium and the body of the lateral ventricles."""
    x, y, z = points
    side = (np.abs(x), y, z)
    return tube(side, [(9, 14, 15, 0.8), (19, 32, 11, 1.6), (26, 43, 5, 2.8), (31, 35, -3, 1.2)])
