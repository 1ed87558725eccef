"""The emulated application around the real scene: files, bundles, parameters, closing."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pytest
import slicer
from emulation.studies import load_sample
from slicer import vtkMRMLScalarVolumeNode, vtkMRMLSegmentationNode
from slicer.parameterNodeWrapper import Choice, Default, WithinRange, parameterNodeWrapper
from slicer.ScriptedLoadableModule import ScriptedLoadableModuleLogic

SHAPE = (4, 5, 6)


@parameterNodeWrapper
class Parameters:
    volume: vtkMRMLScalarVolumeNode
    segmentation: vtkMRMLSegmentationNode
    threshold: Annotated[float, WithinRange(0.0, 1.0)] = 0.25
    mode: Annotated[str, Choice(["a", "b"])] = "a"
    count: Annotated[int, Default(3)]
    flag: bool = True


class EmulationTestLogic(ScriptedLoadableModuleLogic):
    def getParameterNode(self) -> Any:
        return Parameters(super().getParameterNode())  # type: ignore[call-arg]


def make_volume(name: str = "volume") -> Any:
    values = np.arange(np.prod(SHAPE), dtype=np.float32).reshape(SHAPE)
    affine = np.array([[-2.0, 0, 0, 1], [0, -1, 0, 2], [0, 0, 3, 3], [0, 0, 0, 1]])
    return slicer.util.addVolumeFromArray(values, affine, name)


def make_segmentation(volume: Any) -> Any:
    """Two segments that overlap."""
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "tumour")
    node.CreateDefaultDisplayNodes()
    node.SetReferenceImageGeometryParameterFromVolumeNode(volume)
    for number, name in enumerate(("WT", "TC")):
        mask = np.zeros(SHAPE, np.uint8)
        mask[1:3, 1 + number : 4, 1:5] = 1
        node.GetSegmentation().AddEmptySegment(name, f"segment {name}", [1.0, number, 0.0])
        slicer.util.updateSegmentBinaryLabelmapFromArray(mask, node, name, volume)
    return node


@pytest.mark.parametrize("ending", [".nii", ".nii.gz", ".nrrd", ".mha"])
def test_volume_survives_a_file(scene: Any, tmp_path: Path, ending: str) -> None:
    volume = make_volume()
    path = tmp_path / f"some{ending}"
    assert slicer.util.saveNode(volume, str(path))
    loaded = slicer.util.loadVolume(str(path))
    assert loaded.GetName() == "some"
    np.testing.assert_array_equal(slicer.util.arrayFromVolume(loaded), slicer.util.arrayFromVolume(volume))
    np.testing.assert_allclose(_affine(loaded), _affine(volume), atol=1e-5)
    assert loaded.GetDisplayNode() is not None


def test_a_file_that_is_missing_or_damaged_is_an_error(scene: Any, tmp_path: Path) -> None:
    (tmp_path / "damaged.nrrd").write_text("no image")
    for name in ("missing.nrrd", "damaged.nrrd"):
        with pytest.raises(RuntimeError, match="Failed to load"):
            slicer.util.loadVolume(str(tmp_path / name))
    assert scene.GetNumberOfNodesByClass("vtkMRMLVolumeNode") == 0


def test_overlapping_segments_survive_a_file(scene: Any, tmp_path: Path) -> None:
    volume = make_volume()
    segmentation = make_segmentation(volume)
    assert slicer.util.saveNode(segmentation, str(tmp_path / "s.seg.nrrd"))
    loaded = slicer.util.loadSegmentation(str(tmp_path / "s.seg.nrrd"))
    for name, count in (("WT", 24), ("TC", 16)):
        mask = slicer.util.arrayFromSegmentBinaryLabelmap(loaded, name, volume)
        assert mask.shape == SHAPE and int(mask.sum()) == count
        assert loaded.GetSegmentation().GetSegment(name).GetName() == f"segment {name}"
    assert loaded.GetDisplayNode() is not None


def test_segments_can_be_exported_to_a_label_map(scene: Any) -> None:
    volume = make_volume()
    segmentation = make_segmentation(volume)
    label_map = scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "labels")
    logic = slicer.modules.segmentations.logic()
    assert logic.ExportSegmentsToLabelmapNode(segmentation, ["WT"], label_map, volume)
    assert int(slicer.util.arrayFromVolume(label_map).sum()) == 24


def test_everything_survives_a_bundle(scene: Any, tmp_path: Path) -> None:
    volume = make_volume("flair")
    segmentation = make_segmentation(volume)
    segmentation.SetNodeReferenceID("HUMoR.Input.flair", volume.GetID())
    table = scene.AddNewNodeByClass("vtkMRMLTableNode", "volumes")
    slicer.util.updateTableFromArray(table, [np.array([1.5, 2.5])], ["ml"])
    parameters = EmulationTestLogic().getParameterNode()
    parameters.volume, parameters.threshold, parameters.mode = volume, 0.75, "b"
    parameters.flag = False
    path = tmp_path / "scene.mrb"
    assert slicer.util.saveScene(str(path))
    del volume, segmentation, table, parameters
    scene.Clear()
    assert EmulationTestLogic().getParameterNode().volume is None
    slicer.util.loadScene(str(path))
    restored = EmulationTestLogic().getParameterNode()
    assert restored.volume is slicer.util.getNode("flair")
    assert (restored.threshold, restored.mode, restored.count, restored.flag) == (0.75, "b", 3, False)
    loaded = slicer.util.getNode("tumour")
    assert loaded.GetNodeReference("HUMoR.Input.flair") is restored.volume
    assert list(loaded.GetSegmentation().GetSegmentIDs()) == ["WT", "TC"]
    assert slicer.util.arrayFromTableColumn(slicer.util.getNode("volumes"), "ml").tolist() == [1.5, 2.5]
    assert scene.GetNumberOfNodesByClass("vtkMRMLSubjectHierarchyNode") == 1


def test_parameters_refuse_bad_values(scene: Any) -> None:
    parameters = EmulationTestLogic().getParameterNode()
    for name, value in (("threshold", 1.5), ("mode", "c"), ("flag", "yes"), ("volume", make_segmentation)):
        with pytest.raises(ValueError):
            setattr(parameters, name, value)
    with pytest.raises(ValueError):
        parameters.threshold = None
    assert (parameters.threshold, parameters.mode, parameters.flag) == (0.25, "a", True)


def test_parameters_are_observed_and_shared_between_wrappers(scene: Any) -> None:
    first, second = (EmulationTestLogic().getParameterNode() for _ in range(2))
    heard: list[float] = []
    first.AddObserver("ModifiedEvent", lambda caller, event: heard.append(first.threshold))
    second.threshold = 0.5
    assert first.threshold == 0.5 and heard == [0.5]
    second.threshold = 0.5
    assert heard == [0.5]
    volume = make_volume()
    first.volume = volume
    assert second.volume is volume
    scene.RemoveNode(volume)
    assert first.volume is None


def test_a_type_that_slicer_cannot_store_is_refused() -> None:
    with pytest.raises(TypeError):
        parameterNodeWrapper(type("Bad", (), {"__annotations__": {"path": bytes}}))


def test_closing_the_scene_keeps_one_subject_hierarchy(scene: Any) -> None:
    held = scene.GetSubjectHierarchyNode()
    for _ in range(3):
        volume = make_volume()
        assert scene.GetSubjectHierarchyNode().GetItemByDataNode(volume) != 0
        scene.Clear()
        assert scene.GetNumberOfNodesByClass("vtkMRMLSubjectHierarchyNode") == 1
        assert scene.IsNodePresent(scene.GetSubjectHierarchyNode())
    assert held is not scene.GetSubjectHierarchyNode()


def test_a_removed_node_leaves_the_subject_hierarchy(scene: Any) -> None:
    before = scene.GetSubjectHierarchyNode().GetNumberOfItems()
    volume = make_volume()
    assert scene.GetSubjectHierarchyNode().GetNumberOfItems() == before + 1
    scene.RemoveNode(volume)
    assert scene.GetSubjectHierarchyNode().GetNumberOfItems() == before


def test_closing_the_scene_lets_volumes_go(scene: Any) -> None:
    images = [weakref.ref(node.GetImageData()) for node in load_sample(scene).values()]
    assert len(images) == 4
    scene.Clear()
    gc.collect()
    assert [image() for image in images] == [None] * 4


def test_a_loaded_volume_is_shown_in_every_slice_view(scene: Any) -> None:
    volume = load_sample(scene)["flair"]
    other = make_volume()
    slicer.util.setSliceViewerLayers(background=volume, foreground=other, foregroundOpacity=0.5, fit=True)
    manager = slicer.app.layoutManager()
    assert list(manager.sliceViewNames()) == ["Red", "Yellow", "Green"]
    for name in manager.sliceViewNames():
        composite = manager.sliceWidget(name).mrmlSliceCompositeNode()
        assert composite.GetBackgroundVolumeID() == volume.GetID()
        assert composite.GetForegroundVolumeID() == other.GetID()


def test_without_a_main_window_there_is_no_layout_manager(tmp_path: Path) -> None:
    code = f"""
import sys
sys.path[:0] = {sys.path!r}
from emulation.mrml import start
slicer = start(main_window=False)
assert slicer.app.layoutManager() is None and slicer.util.mainWindow() is None
print(slicer.util.loadVolume({str(_sample("t1"))!r}).GetName())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("t1\n", 0), done.stderr


def _sample(name: str) -> Path:
    from emulation.studies import SAMPLE

    return SAMPLE / f"{name}.nii.gz"


def _affine(volume: Any) -> Any:
    from vtkmodules.vtkCommonMath import vtkMatrix4x4

    matrix = vtkMatrix4x4()
    volume.GetIJKToRASMatrix(matrix)
    return slicer.util.arrayFromVTKMatrix(matrix)
