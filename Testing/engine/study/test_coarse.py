"""Coarse voxels, moves and mirror images of a sequence."""

from __future__ import annotations

import numpy as np
import pytest

from humor.study.alignment import coarsen
from humor.study.grid import Grid


def ball(grid: Grid, centre: tuple[float, float, float]) -> np.ndarray:
    index = np.indices(grid.shape).reshape(3, -1)
    world = grid.affine[:3, :3] @ index + grid.affine[:3, 3:]
    squares = ((world - np.array(centre)[:, None]) ** 2).sum(0)
    return np.exp(-squares / 50).reshape(grid.shape).astype(np.float32)


def place_of(image: np.ndarray, grid: Grid) -> np.ndarray:
    """World position of the centre of brightness."""
    index = np.indices(grid.shape).reshape(3, -1) @ (image.ravel() / image.sum())
    return grid.affine[:3, :3] @ index + grid.affine[:3, 3]


@pytest.fixture
def grid(phantom):
    return phantom.grid("SPL", turns=(7.0, -4.0, 11.0), extent=(48.0, 50.0, 53.0))


@pytest.mark.parametrize("spacing", [1.0, 2.0, 4.0])
def test_coarse_voxels_are_means_and_lie_where_they_were(grid, spacing):
    image = ball(grid, (5.0, -9.0, 12.0))
    coarse = coarsen(image, np.ones(grid.shape, bool), grid, spacing)
    assert coarse.grid.spacing == pytest.approx((spacing,) * 3)
    assert coarse.grid.shape == tuple(length // int(spacing) for length in grid.shape)
    assert place_of(coarse.image, coarse.grid) == pytest.approx(place_of(image, grid), abs=0.05)
    step = int(spacing)
    assert coarse.image[2, 3, 4] == pytest.approx(
        image[2 * step : 3 * step, 3 * step : 4 * step, 4 * step : 5 * step].mean()
    )


def test_outside_the_mask_it_is_0(grid):
    mask = np.zeros(grid.shape, bool)
    mask[8:30, 8:30, 8:30] = True
    coarse = coarsen(np.ones(grid.shape, np.float32), mask, grid, 2.0)
    assert np.array_equal(coarse.image, coarse.mask)
    assert coarse.mask.sum() == 11**3


def test_a_moved_sequence_shows_what_lay_at_the_move_s_end(grid):
    coarse = coarsen(ball(grid, (5.0, -9.0, 12.0)), np.ones(grid.shape, bool), grid, 2.0)
    move = np.eye(4)
    move[:3, 3] = (4.0, -2.0, 3.0)
    moved = coarse.moved(move)
    assert place_of(moved.image, moved.grid) == pytest.approx((1.0, -7.0, 9.0), abs=0.2)
    assert moved.mask.mean() < 1  # what came from outside is not there


def test_mirrored_exchanges_left_and_right_only(grid):
    coarse = coarsen(ball(grid, (9.0, -9.0, 12.0)), np.ones(grid.shape, bool), grid, 2.0)
    mirrored = coarse.mirrored()
    assert np.array_equal(mirrored.mirrored().image, coarse.image)
    index = np.linalg.solve(coarse.grid.affine, [*place_of(coarse.image, coarse.grid), 1])[:3]
    opposite = np.linalg.solve(coarse.grid.affine, [*place_of(mirrored.image, coarse.grid), 1])[:3]
    assert opposite == pytest.approx([*index[:2], coarse.grid.shape[2] - 1 - index[2]], abs=1e-3)
