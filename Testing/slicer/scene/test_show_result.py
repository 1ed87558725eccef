"""A finished run in the scene: segments, volumes, tables, label maps, probabilities, provenance."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import slicer
from emulation.studies import load_case, load_sample
from scene.outputs import (
    OBLIQUE,
    make_volume,
    masks_of,
    names_of,
    report_of,
    tumour,
    write_gate,
    write_run,
)

from humor.bundle.bundle import load_bundle
from humor.bundle.store import DEFAULT_BUNDLE, find_bundle
from humor.output.names import LABEL_MAP, PROBABILITIES, SEGMENTS
from humor.output.report_json import plausibility_line
from humor.output.seg_nrrd import terminology
from humor.regions import REGION_KEYS, REGIONS
from HUMoRSegmentLib.options import Options
from HUMoRSegmentLib.result import SceneResult, show_result
from HUMoRSegmentLib.scene import references
from HUMoRSegmentLib.scene.geometry import own_grid, reference_grid
from HUMoRSegmentLib.scene.provenance import thresholds_of

ALL = Options(label_map=True, region_label_maps=True)
REAL_CASE = Path(__file__).resolve().parents[4] / "shared" / "data" / "validation" / "BraTS2021_01480"


def own_thresholds() -> dict[str, float]:
    """Those of the model that segments the sample."""
    return dict(load_bundle(find_bundle(DEFAULT_BUNDLE)).manifest.thresholds)


@pytest.fixture
def sample(scene: Any, sample_output: Path) -> tuple[SceneResult, dict[str, Any], Path]:
    """The engine's own result of the sample study."""
    volumes = load_sample(scene)
    return show_result(sample_output, volumes, ALL), volumes, sample_output


def labels_on_disk(output: Path) -> np.ndarray:
    import nibabel

    return np.asarray(nibabel.load(output / LABEL_MAP).dataobj).T


def test_the_segments_are_the_engine_s_voxel_by_voxel(sample: tuple[SceneResult, Any, Path]) -> None:
    result, volumes, output = sample
    check_segments(result, volumes[report_of(output)["sequences"]["reference"]], output)


def check_segments(result: SceneResult, reference: Any, output: Path) -> None:
    segmentation, labels = result.segmentation, labels_on_disk(output)
    masks = masks_of(segmentation, reference)
    assert list(masks) == list(REGION_KEYS)
    np.testing.assert_array_equal(masks["WT"], labels > 0)
    np.testing.assert_array_equal(masks["TC"], (labels == 1) | (labels == 4))
    np.testing.assert_array_equal(masks["ET"], labels == 4)
    assert masks["ET"].any()
    grid = reference_grid(segmentation)
    assert grid is not None and grid.shape == own_grid(reference).shape
    np.testing.assert_array_equal(grid.affine, own_grid(reference).affine)
    role = segmentation.GetReferenceImageGeometryReferenceRole()
    assert segmentation.GetNodeReference(role) is reference
    assert result.volumes_ml == pytest.approx(report_of(output)["volumes_ml"], abs=1e-9)


def test_a_real_case_is_shown_on_its_own_voxels(scene: Any, tmp_path: Path) -> None:
    import subprocess
    import sys

    volumes = {name: node for name, node in load_case(scene, REAL_CASE).items() if name != "seg"}
    command = [sys.executable, "-m", "humor", "segment", "--no-report", "--device", "cpu", "--probabilities"]
    files = [part for name in ("t1c", "flair") for part in (f"--{name}", str(REAL_CASE / f"{name}.nii.gz"))]
    subprocess.run([*command, *files, "--output", str(tmp_path / "out")], check=True, capture_output=True)
    given = {name: volumes[name] for name in ("t1c", "flair")}
    result = show_result(tmp_path / "out", given, ALL)
    reference = given[report_of(tmp_path / "out")["sequences"]["reference"]]
    check_segments(result, reference, tmp_path / "out")
    assert result.segmentation.GetAttribute(references.SEQUENCES_USED) == "t1c+flair"
    for node in (result.label_map, *result.probabilities.values()):
        assert own_grid(node).same_as(own_grid(reference), 0.0)


def test_segments_look_like_and_are_coded_as_the_regions(sample: tuple[SceneResult, Any, Path]) -> None:
    content = sample[0].segmentation.GetSegmentation()
    for region in REGIONS:
        segment = content.GetSegment(region.key)
        assert segment.GetName() == region.name
        assert segment.GetColor() == pytest.approx(region.colour)
        assert segment.GetTerminology() == terminology(region)


def test_all_three_overlapping_segments_can_be_seen_in_a_slice(sample: tuple[SceneResult, Any, Path]) -> None:
    display = sample[0].segmentation.GetDisplayNode()
    assert display.GetVisibility() and display.GetVisibility2D()
    fills = {}
    for key in REGION_KEYS:
        assert display.GetSegmentVisibility(key) and display.GetSegmentVisibility2DOutline(key)
        shown = display.GetSegmentVisibility2DFill(key)
        fills[key] = display.GetSegmentOpacity2DFill(key) if shown else 0.0
    assert fills["WT"] == 0.0 < fills["TC"] < fills["ET"] < 1.0


def test_probabilities_are_those_of_the_file_from_0_to_1(sample: tuple[SceneResult, Any, Path]) -> None:
    import nibabel

    result, volumes, output = sample
    file = np.asarray(nibabel.load(output / PROBABILITIES).dataobj, np.float32).T
    for index, key in enumerate(REGION_KEYS):
        node = result.probabilities[key]
        values = slicer.util.arrayFromVolume(node)
        assert values.dtype == np.float32
        np.testing.assert_allclose(values, file[index], atol=1e-6)
        assert own_grid(node).same_as(own_grid(volumes["t1c"]), 0.0)
        display = node.GetDisplayNode()
        assert (display.GetWindowLevelMin(), display.GetWindowLevelMax()) == (0.0, 1.0)
        table = display.GetColorNode().GetLookupTable()
        assert table.GetTableValue(255)[:3] == pytest.approx(REGIONS[index].colour, abs=0.01)


def test_the_label_map_is_the_file_s_with_named_values(sample: tuple[SceneResult, Any, Path]) -> None:
    result, _volumes, output = sample
    np.testing.assert_array_equal(slicer.util.arrayFromVolume(result.label_map), labels_on_disk(output))
    colours = result.label_map.GetDisplayNode().GetColorNode()
    assert colours.GetColorName(1).startswith("Necrotic")
    assert colours.GetColorName(2) == "Peritumoural oedema"
    assert colours.GetColorName(4) == "Enhancing tumour"


def test_each_region_has_a_label_map_of_ones(sample: tuple[SceneResult, Any, Path]) -> None:
    result, volumes, _output = sample
    for key, mask in masks_of(result.segmentation, volumes["t1c"]).items():
        np.testing.assert_array_equal(slicer.util.arrayFromVolume(result.region_label_maps[key]), mask)


def test_the_table_has_the_report_s_volumes_and_the_model_s_thresholds(
    sample: tuple[SceneResult, Any, Path],
) -> None:
    result, _volumes, output = sample
    table = result.table
    assert [table.GetColumnName(index) for index in range(4)] == [
        "Region",
        "Name",
        "Volume (ml)",
        "Threshold",
    ]
    assert table.GetColumnUnitLabel("Volume (ml)") == "ml"
    report = report_of(output)["volumes_ml"]
    assert table.GetNumberOfRows() == 3
    for row, region in enumerate(REGIONS):
        assert table.GetCellText(row, 0) == region.key
        assert table.GetCellText(row, 1) == region.name
        assert float(table.GetCellText(row, 2)) == pytest.approx(report[region.key], abs=5e-4)
        assert float(table.GetCellText(row, 3)) == own_thresholds()[region.key]


def test_attributes_say_where_the_result_comes_from(sample: tuple[SceneResult, Any, Path]) -> None:
    result, volumes, output = sample
    node, facts = result.segmentation, report_of(output)
    assert node.GetAttribute(references.MODEL) == "humor-student"
    assert node.GetAttribute(references.MODEL_TITLE) == "HUMoR student"
    assert node.GetAttribute(references.MODEL_SHA256) == facts["model"]["sha256"]
    assert node.GetAttribute(references.SEQUENCES_USED) == "t1+t1c+t2+flair"
    assert node.GetAttribute(references.DEVICE) == facts["device"]
    assert node.GetAttribute(references.CREATED).endswith("+00:00")
    assert float(node.GetAttribute(references.MIN_COMPONENT_ML)) > 0.0
    assert dict(thresholds_of(node)) == own_thresholds()
    for name, volume in volumes.items():
        if name in facts["sequences"]["used"]:
            assert node.GetNodeReference(references.INPUT + name) is volume
    report = json.loads(node.GetAttribute(references.REPORT))
    assert report["volumes_ml"] == facts["volumes_ml"]
    assert str(output) not in node.GetAttribute(references.REPORT)
    assert [entry["node"] for entry in report["inputs"]] == [
        volumes[entry["sequence"]].GetName() for entry in facts["inputs"]
    ]


def test_gates_come_with_their_table(sample: tuple[SceneResult, Any, Path]) -> None:
    result, _volumes, output = sample
    assert len(result.gates) == len(report_of(output)["routing"]["gates"]) > 1
    assert result.gate_table.GetNumberOfRows() == sum(
        len(gate["experts"]) for gate in report_of(output)["routing"]["gates"]
    )


def test_what_is_not_asked_for_is_not_made(scene: Any, tmp_path: Path) -> None:
    volume = make_volume()
    result = show_result(write_run(tmp_path, volume), {"flair": volume}, Options(probabilities=False))
    assert result.label_map is None and not result.probabilities and not result.region_label_maps
    assert scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") == 1
    assert result.gates == [] and result.gate_table is None


def test_probabilities_that_were_not_written_are_left_out(scene: Any, tmp_path: Path) -> None:
    volume = make_volume()
    output = write_run(tmp_path, volume, probabilities=False)
    assert show_result(output, {"flair": volume}, Options()).probabilities == {}


def test_an_empty_result_has_three_empty_segments(scene: Any, tmp_path: Path) -> None:
    volume = make_volume()
    output = write_run(tmp_path / "out", volume, np.zeros_like(tumour()))
    result = show_result(output, {"flair": volume}, ALL)
    assert list(result.segmentation.GetSegmentation().GetSegmentIDs()) == list(REGION_KEYS)
    assert result.volumes_ml == dict.fromkeys(REGION_KEYS, 0.0)
    assert not slicer.util.arrayFromVolume(result.label_map).any()
    assert slicer.util.saveNode(result.segmentation, str(tmp_path / SEGMENTS))
    loaded = slicer.util.loadSegmentation(str(tmp_path / SEGMENTS))
    assert list(names_of(loaded)) == list(REGION_KEYS)


@pytest.mark.parametrize("used", [("t1",), ("t1c", "flair"), ("t2", "t1")])
def test_missing_sequences_leave_no_references(scene: Any, tmp_path: Path, used: tuple[str, ...]) -> None:
    volumes = {name: make_volume(name) for name in used}
    output = write_run(tmp_path, volumes[used[0]], used=used)
    node = show_result(output, volumes, Options()).segmentation
    for name in ("t1", "t1c", "t2", "flair"):
        assert node.GetNodeReference(references.INPUT + name) is volumes.get(name)


def test_warnings_come_one_by_one(scene: Any, tmp_path: Path) -> None:
    volume = make_volume()
    result = show_result(write_run(tmp_path, volume), {"flair": volume}, Options())
    assert result.warnings == ["First: a warning.", 'Second; 100 % <sure> & "quoted".']


def test_the_line_about_plausibility_comes_with_the_result(scene: Any, tmp_path: Path) -> None:
    volume = make_volume()
    numbers = {"symmetry": 0.7, "share_of_brain": 0.14, "outside_brain": 0.0, "pieces": 2, "of": "brain"}
    output = write_run(tmp_path / "new", volume, plausibility=numbers)
    result = show_result(output, {"flair": volume}, Options())
    assert result.plausibility == plausibility_line({"plausibility": numbers}) != ""
    assert SceneResult.of(result.segmentation).plausibility == result.plausibility
    earlier = show_result(write_run(tmp_path / "earlier", volume), {"flair": volume}, Options())
    assert earlier.plausibility == ""
    earlier.segmentation.SetAttribute(references.REPORT, "{damaged")
    assert SceneResult.of(earlier.segmentation).plausibility == ""


def test_a_model_that_is_gone_leaves_its_thresholds_unsaid(scene: Any, tmp_path: Path) -> None:
    volume = make_volume()
    result = show_result(write_run(tmp_path, volume), {"flair": volume}, Options(model="made-up"))
    assert result.segmentation.GetAttribute(references.MODEL_TITLE) == "made-up"
    assert result.segmentation.GetAttribute(references.THRESHOLDS) is None


def test_a_second_result_of_a_volume_gets_a_name_of_its_own(scene: Any, tmp_path: Path) -> None:
    volume = make_volume("FLAIR")
    output = write_run(tmp_path, volume)
    first = show_result(output, {"flair": volume}, Options())
    second = show_result(output, {"flair": volume}, Options(add_result=True), first.segmentation)
    assert second.segmentation is not first.segmentation
    names = [node.GetName() for node in (first.segmentation, second.segmentation)]
    assert names[0] == "FLAIR tumour" and names[1].startswith("FLAIR tumour") and names[0] != names[1]
    assert second.table.GetName() != first.table.GetName()


def test_an_oblique_volume_keeps_its_exact_geometry(scene: Any, tmp_path: Path) -> None:
    volume = make_volume("oblique", OBLIQUE @ np.diag([1, -1, 1, 1]))
    result = show_result(write_run(tmp_path, volume), {"flair": volume}, ALL)
    masks = masks_of(result.segmentation, volume)
    for key, probability in zip(REGION_KEYS, tumour(), strict=True):
        np.testing.assert_array_equal(masks[key], np.rint(probability * 255) / 255 >= 0.5)
    np.testing.assert_array_equal(own_grid(result.label_map).affine, own_grid(volume).affine)


def test_a_gate_lies_where_its_map_says(scene: Any, tmp_path: Path) -> None:
    volume = make_volume()
    output = write_run(tmp_path, volume)
    write_gate(output, np.full((2, 3, 4, 5), 0.5, np.float32), OBLIQUE)
    (gate,) = show_result(output, {"flair": volume}, Options()).gates
    np.testing.assert_allclose(own_grid(gate).affine, OBLIQUE, atol=1e-5)
