"""Grids: cropping, equality, axes, spacing."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest

from humor.study.grid import WORKING_AXES, Grid

CODES = ["".join(c) for p in permutations(["RL", "AP", "SI"]) for c in product(*p)]


@pytest.mark.parametrize("codes", CODES)
def test_every_axis_order_becomes_superior_posterior_left(phantom, codes):
    grid = phantom.grid(codes, turns=(8, -12, 15))
    working = grid.to_working_axes()
    directions = working.affine[:3, :3] / np.array(working.spacing)
    assert (np.diag(WORKING_AXES @ directions) > 0.9).all()
    there = grid.index_of(working) @ working.corners()
    assert np.allclose(there, np.round(there), atol=1e-9)  # the same voxels
    assert sorted(working.shape) == sorted(grid.shape)


def test_new_spacing_keeps_centre_directions_and_extent(phantom):
    grid = phantom.grid("RAS", spacing=(0.5, 2.0, 3.0), turns=(5, 0, 20))
    fine = grid.with_spacing(1.0)
    assert np.allclose(fine.spacing, 1.0)
    assert np.abs(np.array(fine.shape) - np.array(grid.shape) * np.array(grid.spacing)).max() <= 0.5
    for one in (grid, fine):
        assert np.allclose(one.affine @ [*(np.array(one.shape) - 1) / 2, 1], [*phantom.centre, 1])


def test_a_crop_keeps_voxels_where_they_were(phantom):
    grid = phantom.grid("LPS", turns=(0, 10, 0))
    crop = grid.crop((3, -2, 5), (10, 10, 10))
    assert np.allclose(crop.affine @ [0, 0, 0, 1], grid.affine @ [3, -2, 5, 1])


def test_grids_differ_by_shape_and_by_a_shift_beyond_the_tolerance(phantom):
    grid = phantom.grid()
    shifted = grid.affine.copy()
    shifted[0, 3] += 0.02
    assert grid.same_as(Grid(grid.shape, grid.affine * (1 + 1e-6)))
    assert not grid.same_as(Grid(grid.shape, shifted))
    assert not grid.same_as(grid.crop((0, 0, 0), (9, 9, 9)))
