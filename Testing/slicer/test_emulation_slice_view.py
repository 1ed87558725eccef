"""Pictures of slices: what is behind, what lies over it, and segments."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import slicer
from emulation.slice_view import render
from PIL import Image

EDGE = 32
MIDDLE = (0.0, 0.0, 0.0)


def make_volume(name: str, value: float) -> Any:
    """A cube of one value around the origin, with 1 mm voxels."""
    values = np.full((EDGE, EDGE, EDGE), value, np.float32)
    affine = np.eye(4)
    affine[:3, 3] = -EDGE / 2
    volume = slicer.util.addVolumeFromArray(values, affine, name)
    volume.CreateDefaultDisplayNodes()
    volume.GetDisplayNode().SetAutoWindowLevel(0)
    volume.GetDisplayNode().SetWindowLevelMinMax(0.0, 1.0)
    return volume


def add_segment(volume: Any) -> Any:
    """A red segment in the half with larger R."""
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "tumour")
    node.CreateDefaultDisplayNodes()
    node.SetReferenceImageGeometryParameterFromVolumeNode(volume)
    mask = np.zeros((EDGE, EDGE, EDGE), np.uint8)
    mask[4:-4, 4:-4, EDGE // 2 : -4] = 1
    node.GetSegmentation().AddEmptySegment("WT", "whole", [1.0, 0.0, 0.0])
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask, node, "WT", volume)
    return node


def pixels(path: Path) -> Any:
    return np.asarray(Image.open(path).convert("RGB")).astype(int)


@pytest.mark.parametrize("orientation", ["Axial", "Sagittal", "Coronal"])
def test_background_is_drawn(scene: Any, tmp_path: Path, orientation: str) -> None:
    slicer.util.setSliceViewerLayers(background=make_volume("grey", 0.5))
    picture = pixels(render(tmp_path / "slice.png", orientation, MIDDLE, size=200))
    assert picture.shape == (200, 200, 3)
    assert abs(picture[100, 100] - 127).max() <= 2


def test_segments_are_filled_where_they_are(scene: Any, tmp_path: Path) -> None:
    volume = make_volume("grey", 0.5)
    slicer.util.setSliceViewerLayers(background=volume)
    add_segment(volume)
    picture = pixels(render(tmp_path / "slice.png", "Axial", MIDDLE, size=200))
    red, _green, blue = picture[100, 60]  # a patient's right is on the left of the picture
    assert red > blue + 40
    assert abs(picture[100, 140] - 127).max() <= 2


def test_overlay_lies_over_the_background_with_its_opacity(scene: Any, tmp_path: Path) -> None:
    overlay = make_volume("overlay", 1.0)
    overlay.GetDisplayNode().SetAndObserveColorNodeID("vtkMRMLColorTableNodeGreen")
    background = make_volume("grey", 0.0)
    seen = {}
    for opacity in (0.0, 0.5, 1.0):
        slicer.util.setSliceViewerLayers(background, overlay, foregroundOpacity=opacity)
        seen[opacity] = pixels(render(tmp_path / "slice.png", "Axial", MIDDLE, size=200))[100, 100]
    assert seen[0.0].max() <= 2
    assert seen[1.0][1] > 200 and seen[1.0][0] < 60
    assert seen[0.0][1] + 60 < seen[0.5][1] < seen[1.0][1] - 60


def test_a_colour_legend_is_drawn(scene: Any, tmp_path: Path) -> None:
    volume = make_volume("grey", 0.0)
    slicer.util.setSliceViewerLayers(background=volume)
    before = pixels(render(tmp_path / "before.png", "Axial", MIDDLE, size=200))
    slicer.modules.colors.logic().AddDefaultColorLegendDisplayNode(volume)
    after = pixels(render(tmp_path / "after.png", "Axial", MIDDLE, size=200))
    assert abs(after - before)[:, 140:].max() > 100


def test_an_empty_scene_gives_an_empty_picture(scene: Any, tmp_path: Path) -> None:
    assert pixels(render(tmp_path / "slice.png", size=200)).max() == 0
