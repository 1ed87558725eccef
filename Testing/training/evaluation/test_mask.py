from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from humor_training.evaluation.mask import cut, overlap, surface_of, window
from training.evaluation.shapes import EMPTY, MM, cube, noise


def test_a_mask_is_cut_to_its_box_and_keeps_its_volume() -> None:
    mask = cut(cube((3, 4, 5), 6), (1.0, 2.0, 0.5))
    assert mask.values.shape == (6, 6, 6) and mask.values.all()
    assert mask.start == (3, 4, 5)
    assert mask.size == 216
    assert mask.volume_ml == pytest.approx(0.216)
    assert EMPTY.size == 0 and EMPTY.volume_ml == 0


def test_overlaps_do_not_depend_on_the_boxes() -> None:
    one, other = cube((3, 4, 5), 6), cube((7, 8, 9), 6)
    assert overlap(cut(one, MM), cut(other, MM)) == 2**3 == (one & other).sum()
    assert overlap(cut(one, MM), cut(cube((20, 20, 20), 3), MM)) == 0
    assert overlap(cut(one, MM), EMPTY) == overlap(EMPTY, cut(one, MM)) == 0


def test_a_window_beyond_the_array_holds_zeros() -> None:
    values = np.arange(1, 5)
    np.testing.assert_array_equal(window(values, (2,), (0,), (4,)), [0, 0, 1, 2])
    np.testing.assert_array_equal(window(values, (2,), (4,), (4,)), [3, 4, 0, 0])


@pytest.mark.parametrize("seed", range(3))
def test_the_surface_is_what_an_erosion_takes_away(seed: int) -> None:
    mask = noise(seed)
    expected = mask & ~ndimage.binary_erosion(mask)
    np.testing.assert_array_equal(surface_of(mask), expected)
    places = np.argwhere(expected) * (1.0, 2.0, 0.5)
    np.testing.assert_allclose(cut(mask, (1.0, 2.0, 0.5)).surface, places)


def test_a_single_voxel_is_surface() -> None:
    assert surface_of(np.ones((1, 1, 1), bool)).all()
    assert surface_of(np.ones((3, 3, 3), bool)).sum() == 26
