"""The plane between left and right."""

from __future__ import annotations

import numpy as np
import pytest

from humor.inference.plausibility import at, find_midplane

SHAPE = (80, 96, 88)


def half_eggs(
    centre: tuple[float, float, float], tilts: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray]:
    """A brain that is alike left and right only, and the normal of its mid-plane (tilts in degrees)."""
    normal = np.array([*np.sin(np.radians(tilts)), 0.0])
    normal[2] = np.sqrt(1 - (normal**2).sum())
    back = np.cross(normal, [1.0, 0, 0])
    back /= np.linalg.norm(back)
    up = np.cross(back, normal)
    place = np.moveaxis(np.indices(SHAPE), 0, -1) - np.array(centre)
    along = [place @ axis for axis in (up, back, normal)]
    narrow = 1 + 0.25 * along[1] / 40  # wider at the back
    return (along[0] / 28) ** 2 + (along[1] / 40) ** 2 + (along[2] / 30 / narrow) ** 2 < 1, normal


@pytest.mark.parametrize("tilts", [(0.0, 0.0), (7.0, -5.0), (-12.0, 10.0)])
@pytest.mark.parametrize("centre", [(40.0, 48.0, 44.0), (37.0, 50.0, 40.0)])
def test_it_is_found_wherever_the_head_lies_and_however_it_is_tilted(tilts, centre):
    brain, normal = half_eggs(centre, tilts)
    plane = find_midplane(brain, 1.0)
    assert np.degrees(np.arccos(min(1.0, plane.normal @ normal))) < 4
    assert abs(plane.distance(np.array([centre]))[0]) < 2


def test_twice_mirrored_is_where_it_was():
    brain, _ = half_eggs((40.0, 48.0, 44.0), (7.0, -5.0))
    plane = find_midplane(brain, 1.0)
    points = np.random.default_rng(0).uniform(0, 80, (50, 3))
    assert np.allclose(plane.mirror(plane.mirror(points)), points)
    assert np.allclose(plane.distance(plane.mirror(points)), -plane.distance(points))


def test_outside_a_mask_nothing_is_true():
    mask = np.ones((3, 3, 3), bool)
    assert at(mask, np.array([[0.4, 2.4, 1], [-0.6, 0, 0], [0, 0, 2.6]])).tolist() == [True, False, False]
