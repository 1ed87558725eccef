"""NIfTI files as other programs read them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

import nibabel
import numpy as np
import pytest

from humor.output.nifti import write_nifti

AFFINE = np.array([[0.0, -1.2, 0.1, 7.0], [0.9, 0.0, 0.0, -3.0], [0.0, 0.1, 3.0, 11.0], [0.0, 0.0, 0.0, 1.0]])


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_values_and_affine_come_back(tmp_path: Path, order: Literal["C", "F"], dtype: type) -> None:
    data: np.ndarray = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5).astype(dtype, order=order)
    write_nifti(tmp_path / "a.nii.gz", data, AFFINE, description="hello")
    image = nibabel.load(tmp_path / "a.nii.gz")
    assert image.get_data_dtype() == dtype
    np.testing.assert_array_equal(np.asarray(image.dataobj), data)
    np.testing.assert_array_equal(image.get_sform(), AFFINE.astype(np.float32))
    assert image.header["sform_code"] == image.header["qform_code"] == 1
    assert image.header.get_xyzt_units()[0] == "mm"
    assert bytes(image.header["descrip"]).rstrip(b"\0") == b"hello"


def test_without_isal_the_file_reads_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data: np.ndarray = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    monkeypatch.setitem(sys.modules, "isal", None)
    write_nifti(tmp_path / "a.nii.gz", data, AFFINE)
    np.testing.assert_array_equal(np.asarray(nibabel.load(tmp_path / "a.nii.gz").dataobj), data)


def test_the_same_data_give_the_same_bytes(tmp_path: Path) -> None:
    data: np.ndarray = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    for name in ("a.nii.gz", "b.nii.gz"):
        write_nifti(tmp_path / name, data, AFFINE)
    assert (tmp_path / "a.nii.gz").read_bytes() == (tmp_path / "b.nii.gz").read_bytes()
