from __future__ import annotations

import numpy as np

from humor.regions import REGION_KEYS, REGIONS, labels_to_regions, nest, regions_to_labels

LABELS = np.array([0, 1, 2, 4], np.uint8)


def test_labels_become_nested_regions_and_back() -> None:
    regions = labels_to_regions(LABELS)
    assert regions.tolist() == [
        [False, True, True, True],
        [False, True, False, True],
        [False, False, False, True],
    ]
    np.testing.assert_array_equal(regions_to_labels(regions), LABELS)


def test_a_three_is_read_as_enhancing_tumour() -> None:
    assert labels_to_regions(np.array([3])).all()


def test_a_region_is_cut_back_to_its_parents() -> None:
    masks = np.array([[True, False], [False, True], [True, True]])
    assert nest(masks).tolist() == [[True, False], [False, False], [False, False]]
    np.testing.assert_allclose(nest(np.array([[0.4], [0.9], [0.2]])), [[0.4], [0.4], [0.2]])


def test_every_region_has_its_own_key_colour_and_code() -> None:
    assert REGION_KEYS == ("WT", "TC", "ET")
    assert len({region.colour for region in REGIONS}) == len({region.type for region in REGIONS}) == 3
