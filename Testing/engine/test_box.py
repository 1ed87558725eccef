"""The smallest box around a mask."""

from __future__ import annotations

import numpy as np

from humor.box import bounding_box


def test_the_box_holds_every_voxel_and_no_empty_border() -> None:
    mask = np.zeros((6, 7, 8), bool)
    mask[1, 2, 3] = mask[4, 5, 3] = True
    assert bounding_box(mask) == (slice(1, 5), slice(2, 6), slice(3, 4))


def test_an_empty_mask_has_no_box() -> None:
    assert bounding_box(np.zeros((2, 3, 4), bool)) is None
