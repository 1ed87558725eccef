"""A second run: what is replaced, what stays, and what is never lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import slicer
import vtk
from scene.outputs import (
    AFFINE,
    OBLIQUE,
    SHAPE,
    make_volume,
    masks_of,
    names_of,
    paint,
    report_of,
    tumour,
    write_gate,
    write_run,
)

from humor.regions import REGION_KEYS
from HUMoRSegmentLib.options import Options
from HUMoRSegmentLib.result import SceneResult, show_result
from HUMoRSegmentLib.scene import references

ALL = Options(label_map=True, region_label_maps=True)


class Study:
    """A volume, two different runs of it, and the first one shown."""

    def __init__(self, folder: Path) -> None:
        self.volume = make_volume()
        self.first = write_run(folder / "first", self.volume)
        self.second = write_run(folder / "second", self.volume, tumour((17, 9, 12), 6), warnings=["Other."])
        self.result = show_result(self.first, {"flair": self.volume}, ALL)
        self.segmentation = self.result.segmentation

    def update(self, options: Options = ALL) -> SceneResult:
        return show_result(self.second, {"flair": self.volume}, options, self.segmentation)

    def own_segment(self) -> np.ndarray:
        """The user draws a segment of his own and gives it a name and colour."""
        self.segmentation.GetSegmentation().AddEmptySegment("mine", "Vessel", [0.1, 0.2, 0.9])
        mask = np.zeros(SHAPE[::-1], bool)
        mask[2:5, 3:9, 4:8] = True
        paint(self.segmentation, "mine", self.volume, mask)
        return mask


@pytest.fixture
def study(scene: Any, tmp_path: Path) -> Study:
    return Study(tmp_path)


def test_update_replaces_segments_and_fills_the_same_nodes_anew(study: Study, scene: Any) -> None:
    before, count = study.result, scene.GetNumberOfNodes()
    old = slicer.util.arrayFromVolume(before.label_map).copy()
    after = study.update()
    assert scene.GetNumberOfNodes() == count
    assert after.segmentation is before.segmentation
    assert after.related() == before.related()
    assert after.volumes_ml == pytest.approx(report_of(study.second)["volumes_ml"])
    assert after.volumes_ml != before.volumes_ml
    masks = masks_of(after.segmentation, study.volume)
    labels = slicer.util.arrayFromVolume(after.label_map)
    assert (labels != old).any()
    np.testing.assert_array_equal(masks["WT"], labels > 0)
    for key in REGION_KEYS:
        np.testing.assert_array_equal(slicer.util.arrayFromVolume(after.region_label_maps[key]), masks[key])
        np.testing.assert_array_equal(slicer.util.arrayFromVolume(after.probabilities[key]) > 0.5, masks[key])
    assert float(after.table.GetCellText(0, 2)) == pytest.approx(after.volumes_ml["WT"], abs=5e-4)
    assert after.warnings == ["Other."]


def test_update_removes_what_is_not_asked_for_any_more(study: Study, scene: Any) -> None:
    displays = scene.GetNumberOfNodesByClass("vtkMRMLVolumeDisplayNode")
    after = study.update(Options(probabilities=False))
    assert after.label_map is None and not after.probabilities and not after.region_label_maps
    assert scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") == 1  # also counts label maps
    assert scene.GetNumberOfNodesByClass("vtkMRMLVolumeDisplayNode") == displays - 7


def test_update_keeps_the_user_s_segments_names_colours_and_display(study: Study) -> None:
    mask = study.own_segment()
    segment = study.segmentation.GetSegmentation().GetSegment("WT")
    segment.SetName("Tumeur")
    segment.SetColor(0.0, 0.5, 1.0)
    display = study.segmentation.GetDisplayNode()
    display.SetSegmentOpacity2DFill("ET", 0.9)
    display.SetSegmentVisibility("TC", False)
    study.update()
    masks = masks_of(study.segmentation, study.volume)
    np.testing.assert_array_equal(masks["mine"], mask)
    assert names_of(study.segmentation) == {
        "WT": "Tumeur",
        "TC": "Tumour core",
        "ET": "Enhancing tumour",
        "mine": "Vessel",
    }
    assert study.segmentation.GetSegmentation().GetSegment("WT").GetColor() == (0.0, 0.5, 1.0)
    assert display.GetSegmentOpacity2DFill("ET") == 0.9
    assert not display.GetSegmentVisibility("TC")


def test_update_keeps_segments_that_share_a_layer(study: Study) -> None:
    mask = study.own_segment()
    study.segmentation.GetSegmentation().CollapseBinaryLabelmaps(False)
    study.update()
    masks = masks_of(study.segmentation, study.volume)
    np.testing.assert_array_equal(masks["mine"], mask)
    assert study.result.of(study.segmentation).volumes_ml == pytest.approx(
        report_of(study.second)["volumes_ml"]
    )


def test_an_edited_segment_is_kept_as_a_hidden_copy(study: Study) -> None:
    edited = masks_of(study.segmentation, study.volume)["TC"]
    edited[9, 11, 14] = False
    paint(study.segmentation, "TC", study.volume, edited)
    after = study.update()
    names = names_of(study.segmentation)
    (copy,) = [one for one in names if one not in REGION_KEYS]
    assert names[copy] == "Tumour core (edited)"
    np.testing.assert_array_equal(masks_of(study.segmentation, study.volume)[copy], edited)
    assert not study.segmentation.GetDisplayNode().GetSegmentVisibility(copy)
    assert after.warnings[-1].endswith("as hidden copies: Tumour core (edited).")
    assert after.volumes_ml == pytest.approx(report_of(study.second)["volumes_ml"])


def test_each_further_edit_is_kept_beside_the_others(study: Study) -> None:
    for _time in range(2):
        mask = np.zeros(SHAPE[::-1], bool)
        mask[4:6, 4:6, 4:6] = True
        paint(study.segmentation, "ET", study.volume, mask)
        study.update()
    names = set(names_of(study.segmentation).values())
    assert {"Enhancing tumour (edited)", "Enhancing tumour (edited) 2"} <= names


def test_nothing_is_kept_where_nothing_was_edited(study: Study) -> None:
    study.own_segment()
    study.segmentation.GetSegmentation().CollapseBinaryLabelmaps(False)
    after = study.update()
    assert set(names_of(study.segmentation)) == {*REGION_KEYS, "mine"}
    assert not any("edited" in warning for warning in after.warnings)


def test_a_foreign_segment_of_the_same_id_is_kept(scene: Any, tmp_path: Path) -> None:
    volume = make_volume()
    target = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "By hand")
    target.SetReferenceImageGeometryParameterFromVolumeNode(volume)
    target.GetSegmentation().AddEmptySegment("WT", "My tumour")
    mask = np.zeros(SHAPE[::-1], bool)
    mask[4:9, 4:9, 4:9] = True
    paint(target, "WT", volume, mask)
    result = show_result(write_run(tmp_path, volume), {"flair": volume}, Options(), target)
    assert result.segmentation is target
    (copy,) = [one for one in names_of(target) if one not in REGION_KEYS]
    assert names_of(target)[copy] == "My tumour (edited)"
    np.testing.assert_array_equal(masks_of(target, volume)[copy], mask)


def test_a_segment_that_was_removed_comes_back(study: Study) -> None:
    study.segmentation.GetSegmentation().RemoveSegment("ET")
    assert set(SceneResult.of(study.segmentation).volumes_ml) == {"WT", "TC"}
    study.update()
    assert set(names_of(study.segmentation)) == set(REGION_KEYS)


def test_tables_and_references_of_another_run_are_not_mixed(study: Study, scene: Any) -> None:
    comparison = scene.AddNewNodeByClass("vtkMRMLTableNode", "Influence")
    study.segmentation.SetNodeReferenceID(references.INFLUENCE_TABLE, comparison.GetID())
    other = make_volume("T2")
    output = write_run(study.second, other, used=("t2",))
    show_result(output, {"t2": other}, ALL, study.segmentation)
    assert study.segmentation.GetNodeReference(references.INFLUENCE_TABLE) is None
    assert comparison.GetName() == "Influence (earlier run)"
    assert study.segmentation.GetNodeReference(references.INPUT + "flair") is None
    assert study.segmentation.GetNodeReference(references.INPUT + "t2") is other
    assert study.segmentation.GetAttribute(references.SEQUENCES_USED) == "t2"


def test_gates_of_the_first_run_go_and_those_of_the_second_come(study: Study, scene: Any) -> None:
    write_gate(study.second, np.full((2, 3, 4, 5), 0.5, np.float32), AFFINE)
    first = study.update()
    assert len(first.gates) == 1 and first.gate_table.GetNumberOfRows() == 2
    write_gate(study.second, np.full((3, 2, 2, 2), 0.3, np.float32), AFFINE)
    second = study.update()
    assert len(second.gates) == 1 and second.gate_table is first.gate_table
    assert second.gate_table.GetNumberOfRows() == 3
    assert scene.GetNumberOfNodesByClass("vtkMRMLVectorVolumeNode") == 1
    third = show_result(study.first, {"flair": study.volume}, ALL, study.segmentation)
    assert third.gates == [] and third.gate_table is None
    assert scene.GetNumberOfNodesByClass("vtkMRMLVectorVolumeNode") == 0


def test_a_result_on_another_grid_does_not_resample_the_user_s_segments(study: Study) -> None:
    mask = study.own_segment()
    other = make_volume("T2", OBLIQUE)
    output = write_run(study.second, other, used=("t2",))
    after = show_result(output, {"t2": other}, ALL, study.segmentation)
    assert after.segmentation is not study.segmentation
    assert "another grid" in after.warnings[-1]
    np.testing.assert_array_equal(masks_of(study.segmentation, study.volume)["mine"], mask)


def test_a_result_on_another_grid_replaces_a_result_that_nobody_touched(study: Study) -> None:
    other = make_volume("T2", OBLIQUE)
    output = write_run(study.second, other, used=("t2",))
    after = show_result(output, {"t2": other}, ALL, study.segmentation)
    assert after.segmentation is study.segmentation
    labels = slicer.util.arrayFromVolume(after.label_map)
    np.testing.assert_array_equal(masks_of(study.segmentation, other)["WT"], labels > 0)


def surfaces(scene: Any) -> Any:
    """A segmentation that is stored as surfaces, without any."""
    target = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Surfaces")
    name = slicer.vtkSegmentationConverter.GetClosedSurfaceRepresentationName()
    target.GetSegmentation().SetSourceRepresentationName(name)
    return target


def test_a_segmentation_of_surfaces_is_left_alone(scene: Any, tmp_path: Path) -> None:
    volume, target, source = make_volume(), surfaces(scene), vtk.vtkSphereSource()
    source.Update()
    target.AddSegmentFromClosedSurfaceRepresentation(source.GetOutput(), "Ball")
    result = show_result(write_run(tmp_path, volume), {"flair": volume}, Options(), target)
    assert result.segmentation is not target
    assert list(names_of(target).values()) == ["Ball"]
    assert "not stored as label maps" in result.warnings[-1]


def test_an_empty_segmentation_of_surfaces_takes_a_result(scene: Any, tmp_path: Path) -> None:
    volume, target = make_volume(), surfaces(scene)
    output = write_run(tmp_path, volume)
    result = show_result(output, {"flair": volume}, Options(), target)
    assert result.segmentation is target
    assert result.volumes_ml == pytest.approx(report_of(output)["volumes_ml"])


def test_a_surface_that_is_shown_follows(study: Study) -> None:
    study.segmentation.CreateClosedSurfaceRepresentation()
    centre = np.array(study.segmentation.GetSegmentCenterRAS("WT"))
    surface = vtk.vtkPolyData()
    study.update()
    study.segmentation.GetClosedSurfaceRepresentation("WT", surface)
    bounds = np.array(surface.GetBounds()).reshape(3, 2)
    moved = AFFINE[:3, :3] @ (np.array([17, 9, 12]) - [14, 11, 9])
    np.testing.assert_allclose(bounds.mean(axis=1) - centre, moved, atol=1.5)


def test_one_step_of_undo_brings_the_first_result_back(study: Study, scene: Any) -> None:
    before = {key: mask.copy() for key, mask in masks_of(study.segmentation, study.volume).items()}
    scene.SetUndoOn()
    try:
        study.segmentation.SetUndoEnabled(True)
        study.update()
        scene.Undo()
        for key, mask in masks_of(study.segmentation, study.volume).items():
            np.testing.assert_array_equal(mask, before[key])
    finally:
        scene.SetUndoOff()
        scene.ClearUndoStack()
