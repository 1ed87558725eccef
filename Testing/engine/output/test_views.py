"""Slices through the right place, the right way round."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from humor.inference.segmentation import Segmentation
from humor.output.views import PLANES, Plane, brain_box, cut, extent_mm, find_target, sample
from humor.study.grid import Grid

DIRECTIONS = {"R": (0, 1), "L": (0, -1), "A": (1, 1), "P": (1, -1), "S": (2, 1), "I": (2, -1)}
"""Letter → world axis (RAS) and sign."""


def full(segmentation: Segmentation) -> tuple[slice, slice, slice]:
    first, second, third = segmentation.case.grid.shape
    return slice(0, first), slice(0, second), slice(0, third)


def test_the_target_is_the_centre_of_the_innermost_region(
    segmentation: Segmentation, tumour_centre: np.ndarray
) -> None:
    voxel = np.linalg.norm(segmentation.case.native.spacing)
    for region, empty in (("ET", 3), ("TC", 2), ("WT", 1)):
        segmentation.regions[empty:] = False
        target = find_target(segmentation)
        assert target.region == region
        assert np.linalg.norm(np.array(target.world) - tumour_centre) < voxel


def test_without_a_tumour_the_target_is_the_brains_centre(segmentation: Segmentation) -> None:
    segmentation.regions[:] = False
    target = find_target(segmentation)
    assert target.region is None
    assert segmentation.case.brain[target.index]
    assert np.abs(np.array(target.index) - np.array(segmentation.case.grid.shape) / 2).max() <= 1


def test_with_two_foci_the_target_lies_in_one_of_them(segmentation: Segmentation) -> None:
    mask = np.zeros_like(segmentation.regions)
    mask[:, 5:9, 5:9, 2:4] = mask[:, 30:33, 30:33, 14:16] = True
    segmentation.regions[:] = mask
    target = find_target(segmentation)
    native = np.linalg.inv(segmentation.case.native.affine) @ np.append(target.world, 1)
    assert mask[(0, *np.rint(native[:3]).astype(int))]


@pytest.mark.parametrize("plane", PLANES, ids=lambda plane: plane.name)
def test_the_letters_point_where_the_world_does(
    segmentation: Segmentation, world_of: Callable[[Grid], np.ndarray], plane: Plane
) -> None:
    """The same slicing is applied to a volume of world coordinates; the edges must say the letters."""
    target, box = find_target(segmentation), full(segmentation)
    world = world_of(segmentation.case.grid)
    left, right, top, bottom = plane.marks
    for letter, opposite, axis in ((right, left, 1), (bottom, top, 0)):
        coordinate, sign = DIRECTIONS[letter]
        picture = cut(world[coordinate], plane, target, box)
        assert (np.diff(picture, axis=axis) * sign > 0).all()
        assert DIRECTIONS[opposite] == (coordinate, -sign)


@pytest.mark.parametrize("plane", PLANES, ids=lambda plane: plane.name)
def test_masks_of_the_oblique_native_grid_land_on_the_slice(segmentation: Segmentation, plane: Plane) -> None:
    case, target, box = segmentation.case, find_target(segmentation), full(segmentation)
    found = sample(segmentation.regions, case.native.affine, plane, target, box, case.grid)
    wanted = cut(segmentation.probabilities[0] > 0.5, plane, target, box)
    dice = 2 * (found[0] & wanted).sum() / (found[0].sum() + wanted.sum())
    assert found.shape[1:] == wanted.shape
    assert dice > 0.85


def test_what_lies_beyond_the_other_grid_is_empty(segmentation: Segmentation) -> None:
    case = segmentation.case
    far = case.native.affine.copy()
    far[:3, 3] += 1000
    assert not sample(
        np.ones_like(segmentation.regions),
        far,
        PLANES[0],
        find_target(segmentation),
        full(segmentation),
        case.grid,
    ).any()


def test_views_are_as_large_as_the_world_says() -> None:
    grid = Grid((10, 20, 30), np.diag([3.0, 2.0, 1.0, 1.0]))
    box = (slice(0, 10), slice(5, 15), slice(0, 30))
    sizes = [extent_mm(plane, box, grid) for plane in PLANES]
    assert sizes == [(30.0, 20.0), (30.0, 30.0), (20.0, 30.0)]


def test_the_box_holds_the_brain(segmentation: Segmentation) -> None:
    case = segmentation.case
    box = brain_box(case.brain, case.grid)
    assert case.brain[box].sum() == case.brain.sum()
    assert case.brain[box].size < case.brain.size
    assert brain_box(np.zeros_like(case.brain), case.grid) == full(segmentation)
