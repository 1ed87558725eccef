"""The label map: values, geometry, speed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk

from humor.inference.segmentation import Segmentation
from humor.output.nifti import label_map, write_label_map
from humor.regions import regions_to_labels


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
