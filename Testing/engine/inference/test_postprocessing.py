from __future__ import annotations

import numpy as np
import pytest

from humor.inference.postprocessing import STEPS, nested_masks, remove_small_components


def test_a_region_never_leaves_its_parent() -> None:
    probabilities = np.array([0.4, 0.6, 0.9], np.float32).reshape(3, 1, 1, 1)
    assert not nested_masks(probabilities, (0.5, 0.5, 0.5)).any()
    assert nested_masks(probabilities, (0.3, 0.5, 0.95))[:, 0, 0, 0].tolist() == [True, True, False]


@pytest.mark.parametrize("threshold", [0.01, 0.05, 0.1, 0.2, 0.5, 0.6, 0.75, 0.99, 1.0])
def test_stored_probabilities_give_the_same_masks(threshold: float) -> None:
    own = np.tile(np.linspace(0, 1, 4001, dtype=np.float32), (3, 1))
    stored = np.rint(own * STEPS).astype(np.uint8) * np.float32(1 / STEPS)
    masks = nested_masks(own, (threshold,) * 3)
    np.testing.assert_array_equal(nested_masks(stored, (threshold,) * 3), masks)
    assert own[masks].min() == pytest.approx(threshold, abs=1 / STEPS)


def test_only_parts_below_the_limit_are_removed_and_children_go_with_them() -> None:
    masks = np.zeros((3, 20, 20, 20), bool)
    masks[0, 2:8, 2:8, 2:8] = True  # 216 voxels
    masks[:, 15:17, 15:17, 15:17] = True  # 8 voxels, in all regions
    cleaned = remove_small_components(masks, voxel_ml=0.001, minimum_ml=0.1)
    assert cleaned[0].sum() == 216 and not cleaned[1:].any()
    np.testing.assert_array_equal(remove_small_components(masks, 0.001, 0.0), masks)


def test_parts_that_touch_at_a_corner_are_one() -> None:
    masks = np.zeros((3, 8, 8, 8), bool)
    masks[0, 0:2, 0:2, 0:2] = masks[0, 2:4, 2:4, 2:4] = True
    assert remove_small_components(masks, 0.001, 0.012)[0].sum() == 16
