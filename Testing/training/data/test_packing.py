from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from humor.errors import InputError
from humor_training.data.packing import brats_labels, labelled_studies, load_labelled, load_packed


def test_a_packed_case_holds_image_flags_and_labels_on_one_grid(studies: Path) -> None:
    case = load_labelled(studies / "patient2")
    assert case.available.tolist() == [False, True, True, True]
    assert case.image.shape[1:] == case.labels.shape
    assert not case.image[0].any()
    assert set(np.unique(case.labels)) == {0, 1, 2, 4}


def test_labels_lie_on_the_tumour_they_describe(studies: Path) -> None:
    case = load_labelled(studies / "patient0")
    flair, t1c = case.image[3].astype(float), case.image[1].astype(float)
    brain = case.image.any(axis=0)
    assert flair[case.labels == 2].mean() > flair[brain].mean() + 1
    assert t1c[case.labels == 4].mean() > t1c[brain].mean() + 1


def test_cases_are_the_same_from_the_cache(studies: Path, tmp_path: Path) -> None:
    first, second = load_packed(studies, tmp_path), load_packed(studies, tmp_path)
    assert [case.name for case in first] == ["patient0", "patient1", "patient2"]
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a.image, b.image)
        np.testing.assert_array_equal(a.labels, b.labels)
    assert not list(tmp_path.glob("*.partial*"))


def test_a_folder_without_labels_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=str(tmp_path)):
        labelled_studies(tmp_path)


def test_a_three_means_core_beside_a_four_and_et_alone() -> None:
    assert brats_labels(np.array([0, 1, 2, 3, 4])).tolist() == [0, 1, 2, 1, 4]
    assert brats_labels(np.array([0, 1, 2, 3])).tolist() == [0, 1, 2, 4]


def test_real_labels_lie_on_real_cases(shared_data: Path) -> None:
    case = load_labelled(shared_data / "two_sequences" / "BRATS2013_pat0001")
    assert case.available.tolist() == [False, True, False, True]
    enhancing = case.image[1][case.labels == 4].astype(float)
    assert enhancing.mean() > case.image[1][case.image.any(axis=0)].astype(float).mean()
