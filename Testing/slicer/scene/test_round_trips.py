"""A saved result comes back whole: as a scene, and the segments alone as a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import slicer
from emulation.studies import load_sample
from scene.outputs import AFFINE, content_of, make_volume, masks_of, names_of, paint, write_gate, write_run

from humor.output.names import SEGMENTS
from humor.output.seg_nrrd import terminology
from humor.regions import REGION_KEYS, REGIONS
from HUMoRSegmentLib.options import Options
from HUMoRSegmentLib.result import SceneResult, show_result
from HUMoRSegmentLib.scene import references
from HUMoRSegmentLib.scene.geometry import reference_grid
from HUMoRSegmentLib.scene.provenance import thresholds_of
from HUMoRSegmentLib.scene.segments import edited_regions
from HUMoRSegmentLib.scene.thresholds import apply_thresholds

ALL = Options(label_map=True, region_label_maps=True)
ATTRIBUTES = [value for name, value in vars(references).items() if name.isupper() and name != "PREFIX"]


def reloaded(path: Path) -> Any:
    """Save the scene, close it, load it; returns the segmentation."""
    assert slicer.util.saveScene(str(path))
    slicer.mrmlScene.Clear()
    slicer.util.loadScene(str(path))
    (segmentation,) = slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
    return segmentation


def attributes_of(node: Any) -> dict[str, str]:
    return {name: node.GetAttribute(name) for name in ATTRIBUTES if node.GetAttribute(name)}


def test_a_scene_comes_back_with_everything(scene: Any, tmp_path: Path) -> None:
    volume = make_volume()
    output = write_run(tmp_path / "out", volume)
    write_gate(output, np.full((2, 3, 4, 5), 0.5, np.float32), AFFINE)
    before = show_result(output, {"flair": volume}, ALL)
    attributes, masks = attributes_of(before.segmentation), masks_of(before.segmentation, volume)
    content = content_of(before.related())
    volumes, warnings = dict(before.volumes_ml), list(before.warnings)
    after = SceneResult.of(reloaded(tmp_path / "scene.mrb"))
    assert attributes_of(after.segmentation) == attributes
    assert content_of(after.related()) == content
    assert (after.volumes_ml, after.warnings) == (pytest.approx(volumes), warnings)
    source = after.segmentation.GetNodeReference(references.INPUT + "flair")
    assert source is not None and source.GetName() == "FLAIR"
    for key, mask in masks_of(after.segmentation, source).items():
        np.testing.assert_array_equal(mask, masks[key])
    assert after.label_map.GetDisplayNode().GetColorNode().GetColorName(4) == "Enhancing tumour"
    display = after.segmentation.GetDisplayNode()
    assert not display.GetSegmentVisibility2DFill("WT") and display.GetSegmentVisibility2DFill("ET")
    assert edited_regions(after.segmentation) == []


def test_thresholds_move_in_a_scene_that_was_loaded(scene: Any, sample_output: Path, tmp_path: Path) -> None:
    volumes = load_sample(scene)
    result = show_result(sample_output, volumes, Options())
    before = dict(result.volumes_ml)
    own = dict(thresholds_of(result.segmentation))
    wanted = apply_thresholds(result.segmentation, {"WT": 0.3})
    apply_thresholds(result.segmentation, own)
    segmentation = reloaded(tmp_path / "scene.mrb")
    assert SceneResult.of(segmentation).volumes_ml == pytest.approx(before)
    assert apply_thresholds(segmentation, {"WT": 0.3}) == pytest.approx(wanted)
    assert set(names_of(segmentation)) == set(REGION_KEYS)


def test_an_edit_is_still_known_after_loading(scene: Any, tmp_path: Path) -> None:
    volume = make_volume()
    output = write_run(tmp_path / "out", volume)
    segmentation = show_result(output, {"flair": volume}, Options()).segmentation
    edited = masks_of(segmentation, volume)["TC"]
    edited[0, 0, 0] = True
    paint(segmentation, "TC", volume, edited)
    segmentation = reloaded(tmp_path / "scene.mrb")
    assert edited_regions(segmentation) == ["TC"]
    volume = segmentation.GetNodeReference(references.INPUT + "flair")
    tables = scene.GetNumberOfNodesByClass("vtkMRMLColorTableNode")
    show_result(output, {"flair": volume}, Options(), segmentation)
    assert "Tumour core (edited)" in names_of(segmentation).values()
    show_result(output, {"flair": volume}, Options(add_result=True), segmentation)
    assert scene.GetNumberOfNodesByClass("vtkMRMLColorTableNode") == tables


def test_segments_come_back_from_their_file(scene: Any, tmp_path: Path) -> None:
    volume = make_volume()
    result = show_result(write_run(tmp_path / "out", volume), {"flair": volume}, Options())
    masks, geometry = masks_of(result.segmentation, volume), reference_grid(result.segmentation)
    assert slicer.util.saveNode(result.segmentation, str(tmp_path / SEGMENTS))
    loaded = slicer.util.loadSegmentation(str(tmp_path / SEGMENTS))
    after = SceneResult.of(loaded)
    assert after.volumes_ml == pytest.approx(result.volumes_ml)
    assert after.related() == [] and after.warnings == []
    grid = reference_grid(loaded)
    assert grid is not None and geometry is not None and grid.same_as(geometry, 1e-9)
    assert edited_regions(loaded) == []
    for region in REGIONS:
        segment = loaded.GetSegmentation().GetSegment(region.key)
        assert segment.GetName() == region.name
        assert segment.GetColor() == pytest.approx(region.colour, abs=1e-5)
        assert segment.GetTerminology() == terminology(region)
        np.testing.assert_array_equal(masks_of(loaded, volume)[region.key], masks[region.key])


def test_the_engine_s_own_file_of_segments_is_read_like_a_result(scene: Any, sample_output: Path) -> None:
    loaded = slicer.util.loadSegmentation(str(sample_output / SEGMENTS))
    shown = show_result(sample_output, load_sample(scene), Options())
    assert SceneResult.of(loaded).volumes_ml == pytest.approx(shown.volumes_ml)
    for key in REGION_KEYS:
        terms = [
            node.GetSegmentation().GetSegment(key).GetTerminology() for node in (loaded, shown.segmentation)
        ]
        assert terms[0] == terms[1]
