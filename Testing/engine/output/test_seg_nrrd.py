"""The segments file as 3D Slicer's documentation describes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nrrd
import numpy as np
import pytest
import SimpleITK as sitk

from humor.box import bounding_box
from humor.inference.segmentation import Segmentation
from humor.output.nifti import write_label_map
from humor.output.seg_nrrd import terminology, write_segments
from humor.regions import REGIONS


@pytest.fixture
def written(segmentation: Segmentation, tmp_path: Path) -> tuple[np.ndarray, dict[str, Any]]:
    write_segments(tmp_path / "s.seg.nrrd", segmentation)
    return nrrd.read(str(tmp_path / "s.seg.nrrd"))


def test_every_region_is_a_layer_and_they_overlap(segmentation: Segmentation, written: Any) -> None:
    layers, header = written
    assert header["kinds"] == ["list", "domain", "domain", "domain"]
    assert layers.dtype == np.uint8
    for index in range(3):
        value = int(header[f"Segment{index}_LabelValue"])
        mask = layers[int(header[f"Segment{index}_Layer"])] == value
        np.testing.assert_array_equal(mask, segmentation.regions[index])
    assert (layers.sum(axis=0) == 3).any()


def test_names_colours_and_extents_are_there(segmentation: Segmentation, written: Any) -> None:
    _, header = written
    for index, region in enumerate(REGIONS):
        assert header[f"Segment{index}_ID"] == region.key
        assert header[f"Segment{index}_Name"] == region.name
        colour = [float(part) for part in header[f"Segment{index}_Color"].split()]
        assert colour == pytest.approx(region.colour)
        box = bounding_box(segmentation.regions[index])
        assert box is not None
        wanted = [edge for part in box for edge in (part.start, part.stop - 1)]
        assert [int(edge) for edge in header[f"Segment{index}_Extent"].split()] == wanted


def test_terminology_has_slicers_seven_parts(written: Any) -> None:
    _, header = written
    for index, region in enumerate(REGIONS):
        tags = dict(tag.split(":", 1) for tag in header[f"Segment{index}_Tags"].split("|") if tag)
        parts = tags["TerminologyEntry"].split("~")
        assert len(parts) == 7
        assert parts[1].split("^") == [region.category.scheme, region.category.value, region.category.meaning]
        assert parts[2].split("^") == [region.type.scheme, region.type.value, region.type.meaning]
        assert parts[5] == "SCT^12738006^Brain"
        assert all(part.count("^") == 2 for part in (parts[3], parts[6]))
    assert len({terminology(region) for region in REGIONS}) == 3


def test_geometry_is_the_label_maps(segmentation: Segmentation, written: Any, tmp_path: Path) -> None:
    _, header = written
    assert header["space"] == "left-posterior-superior"
    write_label_map(tmp_path / "s.nii.gz", segmentation)
    labels = sitk.ReadImage(str(tmp_path / "s.nii.gz"))
    segments = sitk.ReadImage(str(tmp_path / "s.seg.nrrd"))
    assert segments.GetSize() == labels.GetSize()
    assert segments.GetNumberOfComponentsPerPixel() == 3
    np.testing.assert_allclose(segments.GetOrigin(), labels.GetOrigin(), atol=1e-4)
    np.testing.assert_allclose(segments.GetSpacing(), labels.GetSpacing(), atol=1e-5)
    np.testing.assert_allclose(segments.GetDirection(), labels.GetDirection(), atol=1e-5)


def test_the_reference_geometry_is_the_native_grid(segmentation: Segmentation, written: Any) -> None:
    _, header = written
    parameters = {}
    for entry in header["Segmentation_ConversionParameters"].split("&"):
        if entry:
            name, value, _ = entry.split("|")
            parameters[name] = value
    numbers = [float(part) for part in parameters["Reference image geometry"].split(";") if part]
    np.testing.assert_allclose(np.reshape(numbers[:16], (4, 4)), segmentation.case.native.affine)
    shape = segmentation.case.native.shape
    assert numbers[16:] == [0, shape[0] - 1, 0, shape[1] - 1, 0, shape[2] - 1]
    assert header["Segmentation_ReferenceImageExtentOffset"] == "0 0 0"
    assert header["Segmentation_SourceRepresentation"] == "Binary labelmap"


def test_an_empty_region_stays_as_an_empty_segment(segmentation: Segmentation, tmp_path: Path) -> None:
    segmentation.regions[2] = False
    write_segments(tmp_path / "s.seg.nrrd", segmentation)
    layers, header = nrrd.read(str(tmp_path / "s.seg.nrrd"))
    assert header["Segment2_Extent"] == "0 -1 0 -1 0 -1"
    assert not layers[2].any()
    assert layers[1].any()
