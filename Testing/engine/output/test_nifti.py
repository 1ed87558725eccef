"""NIfTI files as other programs read them."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Literal

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk

from humor.inference.segmentation import Segmentation
from humor.output.nifti import label_map, write_label_map, write_nifti, write_probabilities
from humor.regions import REGION_KEYS, regions_to_labels

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


def test_values_are_those_of_the_regions(segmentation: Segmentation) -> None:
    labels = label_map(segmentation.regions)
    assert set(np.unique(labels)) == {0, 1, 2, 4}
    assert labels.dtype == np.uint8
    np.testing.assert_array_equal(labels, regions_to_labels(segmentation.regions))


def test_no_tumour_is_an_empty_map(segmentation: Segmentation) -> None:
    assert not label_map(np.zeros_like(segmentation.regions)).any()


def test_nibabel_reads_shape_affine_and_values_back(segmentation: Segmentation, tmp_path: Path) -> None:
    write_label_map(tmp_path / "s.nii.gz", segmentation)
    image = nibabel.load(tmp_path / "s.nii.gz")
    native = segmentation.case.native
    assert image.shape == native.shape
    assert image.get_data_dtype() == np.uint8
    np.testing.assert_allclose(image.affine, native.affine, atol=1e-5)
    np.testing.assert_allclose(image.get_qform(), native.affine, atol=1e-4)
    np.testing.assert_array_equal(np.asarray(image.dataobj), label_map(segmentation.regions))


@pytest.mark.parametrize("degrees", [0.0, 14.0])
def test_simpleitk_finds_the_tumour_at_its_place_in_the_world(
    make_segmentation: Callable[..., Segmentation], tumour_centre: np.ndarray, tmp_path: Path, degrees: float
) -> None:
    segmentation = make_segmentation(degrees=degrees)
    write_label_map(tmp_path / "s.nii.gz", segmentation)
    image = sitk.ReadImage(str(tmp_path / "s.nii.gz"))
    lps = tumour_centre * (-1, -1, 1)
    assert image[image.TransformPhysicalPointToIndex(lps.tolist())] == 4
    whole = sitk.LabelShapeStatisticsImageFilter()
    whole.Execute(image > 0)
    half_voxel = np.linalg.norm(segmentation.case.native.spacing) / 2
    assert np.linalg.norm(np.array(whole.GetCentroid(1)) - lps) < half_voxel
    assert whole.GetPhysicalSize(1) / 1000 == pytest.approx(segmentation.volumes_ml()["WT"], rel=1e-4)


def test_a_whole_head_is_written_within_60_ms_of_work(segmentation: Segmentation, tmp_path: Path) -> None:
    memory = np.zeros((3, 155, 240, 240), bool)  # S P L memory, seen in the file's order
    memory[:, 60:90, 80:130, 90:150] = True
    native = replace(segmentation.case.native, shape=(240, 240, 155))
    case = replace(segmentation.case, native=native)
    large = replace(segmentation, case=case, regions=memory.transpose(0, 3, 2, 1))
    seconds = []
    for _ in range(5):
        start = time.process_time()
        write_label_map(tmp_path / "s.nii.gz", large)
        seconds.append(time.process_time() - start)
    assert min(seconds) < 0.06


def test_they_are_stored_to_a_two_hundred_and_fifty_fifth(
    segmentation: Segmentation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    native = np.random.default_rng(0).random((3, *segmentation.case.native.shape)).astype(np.float32)
    restore = ModuleType("humor.study.case")
    restore.to_native = lambda case, array, order: native  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "humor.study.case", restore)
    write_probabilities(tmp_path / "p.nii.gz", segmentation)
    image = nibabel.load(tmp_path / "p.nii.gz")
    assert image.shape == (*segmentation.case.native.shape, 3)
    assert image.get_data_dtype() == np.uint8
    np.testing.assert_allclose(image.affine, segmentation.case.native.affine, atol=1e-5)
    assert np.abs(np.moveaxis(image.get_fdata(), -1, 0) - native).max() <= 0.5 / 255 + 1e-6


def test_their_half_level_agrees_with_the_regions(segmentation: Segmentation, tmp_path: Path) -> None:
    pytest.importorskip("humor.study.case")
    write_probabilities(tmp_path / "p.nii.gz", segmentation)
    found = nibabel.load(tmp_path / "p.nii.gz").get_fdata() >= 0.45
    for index, key in enumerate(REGION_KEYS):
        wanted = segmentation.regions[index]
        dice = 2 * (found[..., index] & wanted).sum() / (found[..., index].sum() + wanted.sum())
        assert dice > 0.9, key
