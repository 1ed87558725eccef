"""Coordinates in mm agree with voxels, at every spacing."""

from __future__ import annotations

import numpy as np
import pytest

from humor.sample.space import (
    ORIGIN,
    STEP,
    BandNoise,
    Space,
    coverage,
    ellipsoid,
    join,
    sheet,
    smooth_noise,
    tube,
)


@pytest.mark.parametrize("spacing", [1.0, 1.5, 2.0])
def test_a_linear_field_arrives_unchanged_at_the_voxels(spacing):
    space = Space(spacing)
    x, y, z = space.lattice
    fine = space.to_voxels(x + 2 * y - 3 * z)
    place = [part.start + 4 for part in space.box]
    u, v, w = (index * spacing - start for index, start in zip(place, ORIGIN, strict=True))
    assert fine.shape == tuple(part.stop - part.start for part in space.box)
    assert fine[4, 4, 4] == pytest.approx(u + 2 * v - 3 * w, abs=1e-3)


def test_the_grid_is_that_of_brats():
    space = Space()
    assert space.shape == (240, 240, 155)
    assert np.array_equal(space.affine, [[-1, 0, 0, 0], [0, -1, 0, 239], [0, 0, 1, 0], [0, 0, 0, 1]])


def at(*places):
    x, y, z = np.array(places, float).T
    return x, y, z


def test_an_ellipsoid_with_equal_radii_is_a_sphere():
    distance = ellipsoid(at((1, 0, 0), (6, 0, 0), (0, 0, 9)), (1, 0, 0), (5, 5, 5))
    assert distance[1:] == pytest.approx([0, np.hypot(1, 9) - 5])
    assert distance[0] <= 0


def test_a_tube_gets_wider_along_its_path():
    distance = tube(at((0, 0, 0), (5, 3, 0), (10, 4, 0), (14, 0, 0)), [(0, 0, 0, 1), (10, 0, 0, 3)])
    assert distance == pytest.approx([-1, 1, 1, 1])


def test_a_bounded_sheet_is_measured_from_its_edge():
    assert sheet(np.array([3.0, 0.0]), np.array([4.0, -2.0])) == pytest.approx([5, 0])


def test_a_blended_union_holds_at_least_its_parts():
    a, b = np.array([-1.0, 0.5, 3.0]), np.array([2.0, 0.5, -2.0])
    assert join(a, b) == pytest.approx([-1, 0.5, -2])
    assert (join(a, b, blend=2) <= np.minimum(a, b)).all()
    assert join(a, b, blend=2)[1] == pytest.approx(0)


def test_coverage_is_half_on_the_surface():
    assert coverage(np.array([-5.0, 0.0, 0.5, 5.0]), 2.0) == pytest.approx([1, 0.5, 0.25, 0])


@pytest.mark.parametrize("grain", [5, 9, 16])
def test_smooth_noise_has_unit_strength_and_the_asked_grain(grain):
    field = smooth_noise(np.random.default_rng(0), Space(), grain)
    assert field.std() == pytest.approx(1, abs=0.15)
    slope = np.gradient(field, STEP)[0].std()
    assert 0.5 < slope * grain < 1.3


def test_band_noise_is_seeded_and_has_unit_strength():
    points = tuple(np.random.default_rng(0).uniform(-80, 80, (3, 5000)))
    first, again, other = (BandNoise(np.random.default_rng(seed), 13, 24)(points) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert abs(np.corrcoef(first, other)[0, 1]) < 0.2
    assert first.std() == pytest.approx(1, abs=0.15)
