"""Where a result lies: under the volume's transforms, and with the patient in the subject hierarchy."""

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
    make_volume,
    masks_of,
    names_of,
    paint,
    report_of,
    tumour,
    write_gate,
    write_influence,
    write_run,
)

from HUMoRSegmentLib.options import Options
from HUMoRSegmentLib.result import SceneResult, show_result
from HUMoRSegmentLib.scene.geometry import reference_grid, world_grid
from HUMoRSegmentLib.scene.tables import make_influence_table
from HUMoRSegmentLib.scene.thresholds import apply_thresholds

ALL = Options(label_map=True, region_label_maps=True)
TURN = np.array([[0.8, -0.6, 0, 12], [0.6, 0.8, 0, -7], [0, 0, 1, 3], [0, 0, 0, 1]])


def under(node: Any, matrix: np.ndarray, name: str = "Moved") -> Any:
    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode", name)
    transform.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(matrix))
    node.SetAndObserveTransformNodeID(transform.GetID())
    return transform


def bent(node: Any) -> Any:
    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLBSplineTransformNode", "Bent")
    spline = vtk.vtkThinPlateSplineTransform()
    points, moved = vtk.vtkPoints(), vtk.vtkPoints()
    for index, place in enumerate([(0, 0, 0), (10, 0, 0), (0, 10, 0), (0, 0, 10), (-9, -9, -9)]):
        points.InsertNextPoint(*place)
        moved.InsertNextPoint(place[0] + (index % 2), place[1], place[2] + 0.5)
    spline.SetSourceLandmarks(points)
    spline.SetTargetLandmarks(moved)
    spline.SetBasisToR()
    transform.SetAndObserveTransformToParent(spline)
    node.SetAndObserveTransformNodeID(transform.GetID())


def world_centre(segmentation: Any, key: str = "WT") -> np.ndarray:
    return np.array(segmentation.GetSegmentCenterRAS(key))


def expected_centre(world: np.ndarray) -> np.ndarray:
    return (world @ [14, 11, 9, 1])[:3]


@pytest.mark.parametrize("matrix", [TURN, np.diag([1.1, 0.9, 1.2, 1.0]), TURN @ np.diag([1, 1, -1, 1])])
def test_a_result_shares_its_volume_s_transform_and_voxels(
    scene: Any, tmp_path: Path, matrix: np.ndarray
) -> None:
    volume = make_volume()
    transform = under(volume, matrix)
    output = write_run(tmp_path, volume)
    result = show_result(output, {"flair": volume}, ALL)
    segmentation = result.segmentation
    assert result.warnings == report_of(output)["warnings"]
    grid = reference_grid(segmentation)
    assert grid is not None
    np.testing.assert_allclose(grid.affine, AFFINE, atol=1e-12)
    for node in (segmentation, result.label_map, *result.probabilities.values()):
        assert node.GetParentTransformNode() is transform
    np.testing.assert_allclose(world_centre(segmentation), expected_centre(matrix @ AFFINE), atol=1.5)
    labels = slicer.util.arrayFromVolume(result.label_map)
    np.testing.assert_array_equal(masks_of(segmentation, volume)["WT"], labels > 0)
    assert result.volumes_ml == pytest.approx(report_of(output)["volumes_ml"])


def test_thresholds_move_under_transforms(scene: Any, tmp_path: Path) -> None:
    volume = make_volume()
    under(volume, np.diag([1.1, 0.9, 1.2, 1.0]))
    result = show_result(write_run(tmp_path, volume), {"flair": volume}, ALL)
    volumes = apply_thresholds(result.segmentation, {"WT": 0.3})
    wanted = np.rint(tumour()[0] * 255) / 255 >= 0.3
    np.testing.assert_array_equal(masks_of(result.segmentation, volume)["WT"], wanted)
    assert volumes["WT"] == pytest.approx(wanted.sum() * world_grid(volume).voxel_ml)
    # A segmentation that was taken out of the transform still gets voxels at the right place.
    result.segmentation.SetAndObserveTransformNodeID(None)
    apply_thresholds(result.segmentation, {"WT": 0.4})
    centre = expected_centre(world_grid(volume).affine)
    np.testing.assert_allclose(world_centre(result.segmentation), centre, atol=1.5)


def test_gates_lie_in_the_world_where_their_maps_say(scene: Any, tmp_path: Path) -> None:
    volume = make_volume()
    under(volume, TURN)
    output = write_run(tmp_path, volume)
    write_gate(output, np.full((2, 3, 4, 5), 0.5, np.float32), OBLIQUE)
    (gate,) = show_result(output, {"flair": volume}, Options()).gates
    matrix = vtk.vtkMatrix4x4()
    gate.GetIJKToRASMatrix(matrix)
    np.testing.assert_allclose(TURN @ slicer.util.arrayFromVTKMatrix(matrix), OBLIQUE, atol=1e-5)
    assert gate.GetParentTransformNode() is volume.GetParentTransformNode()


def test_under_a_bent_volume_a_result_lies_in_the_world(scene: Any, tmp_path: Path) -> None:
    volume = make_volume()
    bent(volume)
    grid = world_grid(volume)
    values = np.zeros((3, *grid.shape[::-1]))
    values[:, 8:12, 8:12, 8:12] = 1.0
    result = show_result(write_run(tmp_path, volume, values), {"flair": volume}, ALL)
    assert result.segmentation.GetParentTransformNode() is None
    found = reference_grid(result.segmentation)
    assert found is not None and found.same_as(grid, 1e-6)
    assert result.volumes_ml["WT"] == pytest.approx(64 * grid.voxel_ml)


def test_a_volume_that_was_moved_during_the_run_is_told(scene: Any, tmp_path: Path) -> None:
    volume = make_volume("FLAIR")
    output = write_run(tmp_path, volume)
    under(volume, TURN)
    result = show_result(output, {"flair": volume}, ALL)
    assert '"FLAIR" was moved' in result.warnings[-1]
    np.testing.assert_allclose(world_centre(result.segmentation), expected_centre(AFFINE), atol=1.5)


def test_an_update_under_another_transform_stays_in_place(scene: Any, tmp_path: Path) -> None:
    volume = make_volume()
    first = show_result(write_run(tmp_path / "first", volume), {"flair": volume}, ALL)
    transform = under(first.segmentation, TURN)
    output = write_run(tmp_path / "second", volume, tumour((14, 11, 9), 6))
    after = show_result(output, {"flair": volume}, ALL, first.segmentation)
    assert after.segmentation is first.segmentation
    assert after.segmentation.GetParentTransformNode() is transform
    np.testing.assert_allclose(world_centre(after.segmentation), expected_centre(AFFINE), atol=1.5)
    assert after.volumes_ml == pytest.approx(report_of(output)["volumes_ml"])


def test_an_update_does_not_move_the_user_s_segments(scene: Any, tmp_path: Path) -> None:
    volume = make_volume()
    first = show_result(write_run(tmp_path / "first", volume), {"flair": volume}, ALL)
    first.segmentation.GetSegmentation().AddEmptySegment("mine", "Mine")
    mask = masks_of(first.segmentation, volume)["TC"]
    paint(first.segmentation, "mine", volume, mask)
    under(first.segmentation, TURN)
    before = world_centre(first.segmentation, "mine")
    after = show_result(write_run(tmp_path / "second", volume), {"flair": volume}, ALL, first.segmentation)
    assert after.segmentation is not first.segmentation
    np.testing.assert_allclose(world_centre(first.segmentation, "mine"), before)
    np.testing.assert_allclose(world_centre(after.segmentation), expected_centre(AFFINE), atol=1.5)


def test_a_bent_target_is_not_filled(scene: Any, tmp_path: Path) -> None:
    volume = make_volume()
    first = show_result(write_run(tmp_path, volume), {"flair": volume}, ALL)
    bent(first.segmentation)
    after = show_result(tmp_path, {"flair": volume}, ALL, first.segmentation)
    assert after.segmentation is not first.segmentation
    assert "non-linear transform" in after.warnings[-1]


# Subject hierarchy


def study_of(volume: Any) -> tuple[Any, int]:
    """Put a volume into a patient's study."""
    hierarchy = slicer.mrmlScene.GetSubjectHierarchyNode()
    patient = hierarchy.CreateSubjectItem(hierarchy.GetSceneItemID(), "Doe, Jane")
    study = hierarchy.CreateStudyItem(patient, "2024-05-01")
    hierarchy.SetItemParent(hierarchy.GetItemByDataNode(volume), study)
    return hierarchy, study


def children(hierarchy: Any, item: int) -> dict[str, int]:
    ids: list[int] = []
    found = vtk.vtkIdList()
    hierarchy.GetItemChildren(item, found)
    ids = [found.GetId(index) for index in range(found.GetNumberOfIds())]
    return {hierarchy.GetItemName(one): one for one in ids}


def test_a_result_is_in_its_volume_s_study_and_the_rest_in_a_folder(scene: Any, tmp_path: Path) -> None:
    volume = make_volume("FLAIR")
    hierarchy, study = study_of(volume)
    result = show_result(write_run(tmp_path, volume), {"flair": volume}, ALL)
    assert set(children(hierarchy, study)) == {"FLAIR", "FLAIR tumour", "FLAIR tumour details"}
    folder = children(hierarchy, study)["FLAIR tumour details"]
    names = {node.GetName() for node in result.related() if not node.GetHideFromEditors()}
    assert set(children(hierarchy, folder)) == names
    assert len(names) == 8


def test_the_influence_of_sequences_is_in_the_folder_too(scene: Any, tmp_path: Path) -> None:
    volume = make_volume("FLAIR")
    hierarchy, study = study_of(volume)
    result = show_result(write_run(tmp_path, volume), {"flair": volume}, Options())
    row = {"left_out": "t1", "region": "WT", "all_ml": 2.0, "without_ml": 1.0, "change_ml": -1.0, "dice": 0.5}
    write_influence(tmp_path, [row])
    table = make_influence_table(result.segmentation, tmp_path)
    folder = children(hierarchy, study)["FLAIR tumour details"]
    assert table.GetName() in children(hierarchy, folder)
    assert table.GetName() not in children(hierarchy, hierarchy.GetSceneItemID())


def test_every_item_stands_once(scene: Any, tmp_path: Path) -> None:
    volume = make_volume("FLAIR")
    hierarchy, _study = study_of(volume)
    result = show_result(write_run(tmp_path, volume), {"flair": volume}, ALL)
    show_result(tmp_path, {"flair": volume}, ALL, result.segmentation)
    found = vtk.vtkIdList()
    hierarchy.GetItemChildren(hierarchy.GetSceneItemID(), found, True)
    names = [hierarchy.GetItemName(found.GetId(index)) for index in range(found.GetNumberOfIds())]
    assert len(names) == len(set(names))


def test_what_an_update_adds_goes_into_the_same_folder(scene: Any, tmp_path: Path) -> None:
    volume = make_volume("FLAIR")
    hierarchy, study = study_of(volume)
    output = write_run(tmp_path, volume)
    first = show_result(output, {"flair": volume}, Options(probabilities=False))
    folder = children(hierarchy, study)["FLAIR tumour details"]
    hierarchy.SetItemName(folder, "Renamed")
    assert len(children(hierarchy, folder)) == 1
    show_result(output, {"flair": volume}, ALL, first.segmentation)
    assert len(children(hierarchy, folder)) == 8
    show_result(output, {"flair": volume}, Options(add_result=True), first.segmentation)
    assert len(children(hierarchy, study)) == 5


def test_what_the_user_moved_stays_there(scene: Any, tmp_path: Path) -> None:
    volume = make_volume("FLAIR")
    hierarchy, study = study_of(volume)
    result = show_result(write_run(tmp_path, volume), {"flair": volume}, ALL)
    elsewhere = hierarchy.CreateFolderItem(study, "Elsewhere")
    for node in (result.segmentation, result.table):
        hierarchy.SetItemParent(hierarchy.GetItemByDataNode(node), elsewhere)
    show_result(tmp_path, {"flair": volume}, ALL, result.segmentation)
    assert set(children(hierarchy, elsewhere)) == {"FLAIR tumour", "FLAIR tumour volumes"}


def test_without_a_study_a_result_is_beside_its_volume(scene: Any, tmp_path: Path) -> None:
    volume = make_volume("FLAIR")
    show_result(write_run(tmp_path, volume), {"flair": volume}, ALL)
    hierarchy = scene.GetSubjectHierarchyNode()
    top = children(hierarchy, hierarchy.GetSceneItemID())
    assert set(top) == {"FLAIR", "FLAIR tumour", "FLAIR tumour details"}


def test_items_are_made_where_slicer_does_not_make_them(
    scene: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    volume = make_volume("FLAIR")
    hierarchy, study = study_of(volume)
    # As in slicer-core without the application: nobody makes items for new nodes.
    monkeypatch.setattr("emulation.scene._is_shown", lambda node: False)
    result = show_result(write_run(tmp_path, volume), {"flair": volume}, ALL)
    assert len(children(hierarchy, study)) == 3
    assert hierarchy.GetItemByDataNode(result.table)
    after = show_result(tmp_path, {"flair": volume}, Options(probabilities=False), result.segmentation)
    assert set(children(hierarchy, children(hierarchy, study)["FLAIR tumour details"])) == {
        after.table.GetName()
    }


def test_of_finds_everything_again(scene: Any, tmp_path: Path) -> None:
    volume = make_volume()
    result = show_result(write_run(tmp_path, volume), {"flair": volume}, ALL)
    found = SceneResult.of(result.segmentation)
    assert found == result
    assert set(names_of(found.segmentation)) == {"WT", "TC", "ET"}
