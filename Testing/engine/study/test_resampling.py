"""Exact and interpolated ways from one grid to another."""

from __future__ import annotations

import numpy as np
import pytest

from humor.study.grid import Grid
from humor.study.resampling import interpolate, place, resample, resample_mask, voxel_map


@pytest.mark.parametrize("codes", ["LPS", "RAS", "ASR", "SLA", "IPR"])
def test_flips_transposes_and_padding_agree_with_world_positions(phantom, codes):
    source = phantom.grid(codes, turns=(10, -5, 20))
    target = source.to_working_axes().crop((-3, 5, -2), (90, 60, 88))
    values = np.random.default_rng(0).integers(1, 1000, source.shape).astype(np.int16)
    moved, inside = resample(values, source, target)
    assert moved.dtype == np.int16
    index = np.round(source.index_of(target) @ [10, 11, 12, 1])[:3].astype(int)
    assert moved[10, 11, 12] == values[tuple(index)]
    assert not moved[~inside].any()
    back, _ = resample(moved, target, source)
    kept = resample(inside, target, source)[0]
    assert np.array_equal(back[kept], values[kept])
    assert np.count_nonzero(kept) == np.count_nonzero(inside)


def test_leading_axes_are_carried_along(phantom):
    source = phantom.grid("RAS")
    target = source.to_working_axes()
    values = np.random.default_rng(0).random((3, *source.shape), np.float32)
    voxels = voxel_map(source, target)
    assert voxels is not None
    moved = place(values, voxels, target.shape)
    assert np.array_equal(moved[1], place(values[1], voxels, target.shape))


def test_shifts_of_a_fraction_turns_and_other_spacings_are_not_exact(phantom):
    grid = phantom.grid()
    shifted = grid.affine.copy()
    shifted[:3, 3] += 0.4
    rounded = grid.affine.copy()
    rounded[:3] += 1e-5
    for other in (Grid(grid.shape, shifted), phantom.grid(turns=(1, 0, 0)), phantom.grid(spacing=(1, 1, 2))):
        assert voxel_map(other, grid) is None
    assert voxel_map(Grid(grid.shape, rounded), grid) is not None


def test_linear_interpolation_reproduces_a_linear_image_of_world_space(phantom):
    source = phantom.grid("RAS", spacing=(1, 1.2, 1.4), turns=(12, 5, -9))
    target = phantom.grid("SPL", spacing=(1.1, 1, 1), extent=(30, 30, 30))
    slope = np.array([1.0, -2.0, 0.5])
    values, inside = interpolate(phantom.world_of(source) @ slope, source, target)
    assert inside.all()
    assert np.allclose(values, phantom.world_of(target) @ slope, atol=1e-3)


def test_the_field_of_view_ends_half_a_voxel_beyond_the_outermost_centres(phantom):
    source = phantom.grid("LPS", spacing=(1, 1, 4), extent=(16, 16, 32))
    target = phantom.grid("LPS", extent=(16, 16, 48))
    _, inside = interpolate(np.ones(source.shape), source, target)
    assert inside.sum() == 16 * 16 * 32


def test_what_is_made_coarser_is_smoothed_first(phantom):
    fine, coarse = phantom.grid(spacing=(0.5, 0.5, 0.5)), phantom.grid(spacing=(2, 2, 2), extent=(40, 40, 40))
    noise = np.random.default_rng(0).normal(size=fine.shape)
    smooth, _ = interpolate(noise, fine, coarse)
    rough, _ = interpolate(noise, fine, coarse, smooth=False)
    assert smooth.std() < 0.4 * rough.std()


def test_masks_stay_masks_and_end_at_the_field_of_view(phantom):
    source = phantom.grid(turns=(0, 0, 10), extent=(40, 40, 40))
    target = phantom.grid(extent=(60, 60, 60))
    mask = resample_mask(np.ones(source.shape, bool), source, target)
    assert mask.dtype == bool
    assert abs(mask.sum() - 40**3) < 0.02 * 40**3
