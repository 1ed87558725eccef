"""Coordinates in mm agree with voxels, at every spacing."""

from __future__ import annotations

import numpy as np
import pytest

from humor.sample.space import ORIGIN, Space


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
