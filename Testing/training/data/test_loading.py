from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from humor.errors import InputError
from humor_training.data.loading import brats_labels, read_label_volume, to_brats

HERE = Path("seg.nii.gz")


def save(path: Path, values: np.ndarray) -> Path:
    import nibabel

    nibabel.save(nibabel.Nifti1Image(values, np.diag([3.0, 3.0, 3.0, 1.0])), path)
    return path


def test_a_three_means_core_beside_a_four_and_et_alone() -> None:
    assert brats_labels(np.array([0, 1, 2, 3, 4])).tolist() == [0, 1, 2, 1, 4]
    assert brats_labels(np.array([0, 1, 2, 3])).tolist() == [0, 1, 2, 4]


def test_values_are_mapped_as_the_data_set_says() -> None:
    stored = np.array([0, 1, 2, 3, 7], np.uint8)
    assert to_brats(stored, {1: 2, 2: 1, 3: 4, 7: 0}, HERE).tolist() == [0, 2, 1, 4, 0]


@pytest.mark.parametrize("values", [None, {1: 2}])
def test_unknown_values_are_named(values: dict[int, int] | None) -> None:
    with pytest.raises(InputError, match=r"seg.nii.gz.*\[9\].*label_values"):
        to_brats(np.array([0, 1, 9], np.uint8), values, HERE)


def test_a_patient_without_tumour_has_an_empty_label_map(tmp_path: Path) -> None:
    path = save(tmp_path / "seg.nii.gz", np.zeros((9, 9, 9), np.float32))
    volume = read_label_volume(path)
    assert volume.data.dtype == np.uint8 and not volume.data.any()


@pytest.mark.parametrize("value", [0.5, -1.0, 256.0, np.nan, np.inf])
def test_probabilities_and_images_are_no_label_maps(tmp_path: Path, value: float) -> None:
    values = np.zeros((9, 9, 9), np.float32)
    values[4, 4, 4] = value
    with pytest.raises(InputError, match="whole numbers"):
        read_label_volume(save(tmp_path / "seg.nii.gz", values))


def test_a_missing_label_map_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=str(tmp_path / "nothing.nii")):
        read_label_volume(tmp_path / "nothing.nii")
