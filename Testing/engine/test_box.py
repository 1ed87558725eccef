"""The smallest box around a mask."""

from __future__ import annotations

import numpy as np

from humor.box import bounding_box, true_places


def test_the_box_holds_every_voxel_and_no_empty_border() -> None:
    mask = np.zeros((6, 7, 8), bool)
    mask[1, 2, 3] = mask[4, 5, 3] = True
    assert bounding_box(mask) == (slice(1, 5), slice(2, 6), slice(3, 4))


def test_an_empty_mask_has_no_box() -> None:
    assert bounding_box(np.zeros((2, 3, 4), bool)) is None
    assert bounding_box(np.zeros((0, 3, 4), bool)) is None


def test_true_places_are_those_of_numpy() -> None:
    mask = np.random.default_rng(0).random((6, 7, 8)) > 0.9
    mask[0] = mask[:, :2] = False
    assert np.array_equal(true_places(mask), np.argwhere(mask))
    assert true_places(np.zeros((2, 3, 4), bool)).shape == (0, 3)
