"""Numbers about a whole tumour as a whole."""

from __future__ import annotations

import numpy as np
import pytest

from humor.inference.plausibility import Plausibility, at, find_midplane, plausibility
from humor.study.case import Case
from humor.study.grid import WORKING_AXES, Grid

SHAPE = (80, 96, 88)
CENTRE = np.array([40.0, 48, 44])
NATIVE_STEPS = (1.0, 2.0, 1.0)


def made(*balls: tuple[float, float, float, float]) -> tuple[np.ndarray, Case]:
    """Balls (index in the case's grid from the brain's centre, radius) on a coarser grid of another order."""
    affine = np.eye(4)
    affine[:3, :3] = WORKING_AXES
    working = Grid(SHAPE, affine)
    to_working = np.diag([*NATIVE_STEPS, 1.0])[:, [2, 1, 0, 3]]
    native = Grid((88, 48, 80), working.affine @ to_working)
    place = np.moveaxis(np.indices(SHAPE), 0, -1) - CENTRE
    brain = (place[..., 0] / 35) ** 2 + (place[..., 1] / 44) ** 2 + (place[..., 2] / 36) ** 2 < 1
    index = np.moveaxis(np.indices(native.shape), 0, -1) @ to_working[:3, :3].T - CENTRE
    whole = np.zeros(native.shape, bool)
    for *centre, radius in balls:
        whole |= ((index - np.array(centre)) ** 2).sum(-1) < radius**2
    image = np.zeros((4, *SHAPE), np.float32)
    return whole, Case(image, (True, False, False, False), brain, working, native, "t1")


def numbers(*balls: tuple[float, float, float, float]) -> Plausibility:
    found = plausibility(*made(*balls))
    assert found is not None
    return found


def test_a_tumour_on_one_side():
    found = numbers((3, -6, 18, 11))
    assert found.symmetry == 0
    assert found.outside_brain == 0
    assert found.pieces == 1
    ml, brain_ml = 4.19 * 11**3 / 1000, 4.19 * 35 * 44 * 36 / 1000
    assert found.share_of_brain == pytest.approx(ml / brain_ml, rel=0.05)


def test_the_same_left_and_right():
    found = numbers((3, -6, 20, 8), (3, -6, -20, 8))
    assert found.symmetry == pytest.approx(1, abs=0.12)
    assert found.pieces == 2
    half = numbers((3, -6, 20, 8), (3, -6, -20, 8), (12, 20, 18, 10.1))
    assert half.symmetry == pytest.approx(0.5, abs=0.1)


def test_what_crosses_the_midplane_is_not_called_mirrored():
    assert numbers((0, 0, 0, 9)).symmetry is None
    found = numbers((0, 0, 0, 9), (0, 10, 24, 8))
    assert found.symmetry == 0


def test_what_lies_outside_the_brain():
    assert numbers((0, 0, 36, 7)).outside_brain == pytest.approx(0.5, abs=0.15)


def test_without_a_tumour_there_is_nothing_to_say():
    assert plausibility(*made()) is None


HEAD = (80, 96, 88)


def half_eggs(
    centre: tuple[float, float, float], tilts: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray]:
    """A brain that is alike left and right only, and the normal of its mid-plane (tilts in degrees)."""
    normal = np.array([*np.sin(np.radians(tilts)), 0.0])
    normal[2] = np.sqrt(1 - (normal**2).sum())
    back = np.cross(normal, [1.0, 0, 0])
    back /= np.linalg.norm(back)
    up = np.cross(back, normal)
    place = np.moveaxis(np.indices(HEAD), 0, -1) - np.array(centre)
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
