"""Signed distances of the simple bodies."""

from __future__ import annotations

import numpy as np
import pytest

from humor.sample.space import coverage, ellipsoid, join, sheet, tube


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
