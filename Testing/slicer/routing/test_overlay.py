from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import slicer
from routing.results import (
    IMAGE_AFFINE,
    MAP_AFFINE,
    SHAPE,
    make_image,
    make_segmentation,
    pixel_at,
    random_weights,
    saved_and_loaded,
    slice_view,
    world,
    write_output,
)
from vtkmodules.vtkCommonMath import vtkMatrix4x4

from humor.errors import UsageError
from humor.output.report_sections import expert_colour
from HUMoRSegmentLib.routing.gates import gates_of, load_gates
from HUMoRSegmentLib.routing.overlay import (
    show_dominant,
    show_expert,
    weight_colour,
    weight_colours,
)
from HUMoRSegmentLib.scene import references
from HUMoRSegmentLib.scene.views import hide_overlay

VIEWS = ("Red", "Green", "Yellow")
WEIGHTS = random_weights((2, 2, 3))
FAST_SECONDS = 0.15


@pytest.fixture
def image(scene: Any) -> Any:
    node = make_image()
    slicer.util.setSliceViewerLayers(background=node, foreground=None, label=None, fit=True)
    return node


@pytest.fixture
def segmentation(image: Any, tmp_path: Path) -> Any:
    """A result with a coarse gate, one that decides once, and one whose first expert has no say."""
    node = make_segmentation(image)
    unused = np.stack([np.zeros((2, 2, 3)), *random_weights((2, 2, 3), 2)]).astype(np.float32)
    once = np.array([0.7, 0.1, 0.2], np.float32).reshape(3, 1, 1, 1)
    maps: dict[str, np.ndarray] = {"coarse": WEIGHTS, "once": once, "unused": unused}
    write_output(tmp_path, {name: (weights, MAP_AFFINE) for name, weights in maps.items()})
    load_gates(tmp_path, node)
    return node


def test_an_experts_weight_lies_over_the_images_where_it_was_decided(segmentation: Any) -> None:
    for number in range(3):
        volume = show_expert(segmentation, "coarse", f"expert {number + 1}", 0.4)
        for view in map(slice_view, VIEWS):
            assert view.GetForegroundVolumeID() == volume.GetID()
            assert view.GetForegroundOpacity() == pytest.approx(0.4)
        assert np.array_equal(slicer.util.arrayFromVolume(volume).transpose(2, 1, 0), WEIGHTS[number])
        assert _affine(volume) == pytest.approx(MAP_AFFINE)


def test_the_colours_in_a_slice_view_are_those_of_the_weights(segmentation: Any) -> None:
    show_expert(segmentation, "coarse", "expert 2", 1.0)
    for index in np.ndindex(2, 2, 3):
        # Off the middle of the place: patches are shown as patches.
        ras = world(MAP_AFFINE, np.add(index, (0.2, -0.3, 0.25)))
        expected = np.multiply(weight_colour(WEIGHTS[1][index]), 255)
        assert np.abs(np.subtract(pixel_at(ras), expected)).max() < 4, index


def test_weights_may_be_smoothed(segmentation: Any) -> None:
    volume = show_expert(segmentation, "coarse", "expert 1", smooth=True)
    assert volume.GetDisplayNode().GetInterpolate()
    assert not show_expert(segmentation, "coarse", "expert 1").GetDisplayNode().GetInterpolate()


def test_over_a_bright_image_more_weight_is_never_darker(segmentation: Any) -> None:
    """Also no weight at all: it must not let the image shine through."""
    places = [world(MAP_AFFINE, index) for index in np.ndindex(2, 2, 3)]
    alone = np.array(pixel_at(places[0]))
    for expert in ("expert 1", "expert 2", "expert 3"):
        volume = show_expert(segmentation, "unused", expert)
        weights = slicer.util.arrayFromVolume(volume).transpose(2, 1, 0).ravel()
        bright = [_lightness(pixel_at(place)) for place in places]
        assert np.all(np.diff(np.array(bright)[weights.argsort()]) >= -0.5), expert
    show_expert(segmentation, "unused", "expert 1")
    half_each = (alone + np.multiply(weight_colour(0.0), 255)) / 2
    assert np.abs(pixel_at(places[0]) - half_each).max() < 2


def test_a_gate_that_decides_once_covers_the_whole_image(segmentation: Any) -> None:
    volume = show_expert(segmentation, "once", "expert 1", 1.0)
    assert np.unique(slicer.util.arrayFromVolume(volume)) == pytest.approx([0.7])
    assert _corners(volume) == pytest.approx(_corners(slicer.util.getNode("FLAIR")))
    expected = np.multiply(weight_colour(0.7), 255)
    for index in ((0, 0, 0), np.subtract(SHAPE, 1), (12, 3, 8)):
        assert np.abs(np.subtract(pixel_at(world(IMAGE_AFFINE, index)), expected)).max() < 4, index


def test_the_dominant_expert_has_its_colour_and_name(segmentation: Any) -> None:
    volume = show_dominant(segmentation, "coarse", 1.0)
    assert volume.IsA("vtkMRMLLabelMapVolumeNode")
    expected = WEIGHTS.argmax(axis=0) + 1
    assert np.array_equal(slicer.util.arrayFromVolume(volume).transpose(2, 1, 0), expected)
    table = volume.GetDisplayNode().GetColorNode()
    assert [table.GetColorName(number) for number in range(1, 4)] == ["expert 1", "expert 2", "expert 3"]
    for index in np.ndindex(2, 2, 3):
        colour = bytes.fromhex(expert_colour(expected[index] - 1)[1:])
        assert np.abs(np.subtract(pixel_at(world(MAP_AFFINE, index)), list(colour))).max() < 3


def test_legends_say_what_the_colours_are(segmentation: Any) -> None:
    legend = slicer.modules.colors.logic().GetColorLegendDisplayNode
    first = legend(show_expert(segmentation, "coarse", "expert 3"))
    assert first.GetTitleText() == "coarse\nexpert 3"
    assert first.GetVisibility() and not first.GetUseColorNamesForLabels()
    again = legend(show_expert(segmentation, "once", "expert 1"))
    assert again is first and again.GetTitleText() == "once\nexpert 1"
    named = legend(show_dominant(segmentation, "once"))
    assert named.GetTitleText() == "once" and named.GetUseColorNamesForLabels()


def test_hiding_brings_back_what_every_view_showed(segmentation: Any) -> None:
    other, labels = make_image(), slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "mine")
    slicer.util.setSliceViewerLayers(
        foreground=other, foregroundOpacity=0.25, label=labels, labelOpacity=0.75
    )
    slice_view("Green").SetForegroundVolumeID(None)
    before = _all_layers()
    show_expert(segmentation, "coarse", "expert 1")
    show_expert(segmentation, "once", "expert 2", 0.9)
    show_dominant(segmentation, "coarse")
    assert slice_view().GetForegroundVolumeID() == other.GetID()
    show_expert(segmentation, "coarse", "expert 1")
    assert slice_view().GetLabelVolumeID() == labels.GetID()
    hide_overlay(segmentation)
    assert _all_layers() == before
    hide_overlay(segmentation)
    assert _all_layers() == before


def test_what_the_user_chose_meanwhile_stays(segmentation: Any) -> None:
    show_expert(segmentation, "coarse", "expert 1")
    mine = make_image()
    slice_view().SetForegroundVolumeID(mine.GetID())
    hide_overlay(segmentation)
    assert slice_view().GetForegroundVolumeID() == mine.GetID()
    assert slice_view("Green").GetForegroundVolumeID() is None
    show_expert(segmentation, "coarse", "expert 1")
    hide_overlay(segmentation)
    assert slice_view().GetForegroundVolumeID() == mine.GetID()


def test_two_results_share_the_views(segmentation: Any, image: Any, tmp_path: Path) -> None:
    second = make_segmentation(image)
    load_gates(tmp_path, second)
    mine = make_image()
    slicer.util.setSliceViewerLayers(foreground=mine, foregroundOpacity=0.3)
    show_expert(segmentation, "coarse", "expert 1")
    shown = show_expert(second, "coarse", "expert 1")
    hide_overlay(segmentation)
    assert slice_view().GetForegroundVolumeID() == shown.GetID()
    hide_overlay(second)
    assert slice_view().GetForegroundVolumeID() == mine.GetID()
    assert slice_view().GetForegroundOpacity() == pytest.approx(0.3)


def test_a_volume_that_was_removed_meanwhile_is_not_brought_back(segmentation: Any) -> None:
    mine = make_image()
    slicer.util.setSliceViewerLayers(foreground=mine)
    show_expert(segmentation, "coarse", "expert 1")
    slicer.mrmlScene.RemoveNode(mine)
    hide_overlay(segmentation)
    assert slice_view().GetForegroundVolumeID() is None


def test_switching_makes_no_new_nodes(segmentation: Any) -> None:
    show_expert(segmentation, "coarse", "expert 1")
    show_dominant(segmentation, "coarse")
    nodes = slicer.mrmlScene.GetNumberOfNodes()
    for gate in gates_of(segmentation):
        for expert in gate.experts:
            show_expert(segmentation, gate.name, expert)
        show_dominant(segmentation, gate.name)
    assert slicer.mrmlScene.GetNumberOfNodes() == nodes


def test_an_overlay_that_was_removed_is_made_again(segmentation: Any) -> None:
    slicer.mrmlScene.RemoveNode(show_expert(segmentation, "coarse", "expert 1"))
    slicer.mrmlScene.RemoveNode(weight_colours())
    volume = show_expert(segmentation, "coarse", "expert 2", 1.0)
    assert slice_view().GetForegroundVolumeID() == volume.GetID()
    expected = np.multiply(weight_colour(WEIGHTS[1][1, 1, 1]), 255)
    assert np.abs(np.subtract(pixel_at(world(MAP_AFFINE, (1, 1, 1))), expected)).max() < 4


def test_overlays_move_with_the_segmentation(segmentation: Any) -> None:
    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    segmentation.SetAndObserveTransformNodeID(transform.GetID())
    assert show_expert(segmentation, "coarse", "expert 1").GetTransformNodeID() == transform.GetID()
    segmentation.SetAndObserveTransformNodeID(None)
    assert show_expert(segmentation, "coarse", "expert 1").GetTransformNodeID() is None


def test_a_scene_saved_with_an_overlay_shows_and_hides_it_again(segmentation: Any, tmp_path: Path) -> None:
    mine = make_image()
    mine.SetName("mine")
    slicer.util.setSliceViewerLayers(foreground=mine, foregroundOpacity=0.3)
    show_dominant(segmentation, "coarse")
    show_expert(segmentation, "coarse", "expert 2")
    loaded = saved_and_loaded(tmp_path / "scene.mrb")
    volume = loaded.GetNodeReference(references.EXPERT_OVERLAY)
    assert slice_view().GetForegroundVolumeID() == volume.GetID()
    table = volume.GetDisplayNode().GetColorNode()
    assert table is weight_colours()
    for weight in (0.1, 0.5, 1.0):
        colour = [0.0] * 4
        table.GetColor(round(weight * 255), colour)
        assert colour[:3] == pytest.approx(weight_colour(weight), abs=0.01)
    experts = loaded.GetNodeReference(references.DOMINANT_OVERLAY).GetDisplayNode().GetColorNode()
    assert experts.GetColorName(2) == "expert 2"
    hide_overlay(loaded)
    assert slice_view().GetForegroundVolumeID() == slicer.util.getNode("mine").GetID()
    assert slice_view().GetForegroundOpacity() == pytest.approx(0.3)


def test_loading_gates_anew_hides_those_of_the_first_run(segmentation: Any, tmp_path: Path) -> None:
    show_expert(segmentation, "coarse", "expert 1")
    load_gates(tmp_path, segmentation)
    assert slice_view().GetForegroundVolumeID() is None


def test_unknown_gates_and_experts_change_nothing(segmentation: Any) -> None:
    before = _all_layers()
    with pytest.raises(UsageError, match=r'no expert "expert 4"\. Its experts are expert 1, expert 2'):
        show_expert(segmentation, "coarse", "expert 4")
    with pytest.raises(UsageError, match='no gate "fine"'):
        show_dominant(segmentation, "fine")
    assert _all_layers() == before


def test_colours_grow_lighter_with_the_weight() -> None:
    lightness = [_lightness(weight_colour(weight)) for weight in np.linspace(0, 1, 101)]
    assert (np.diff(lightness) > 0).all()


def test_switching_is_fast(scene: Any, sample_output: Path) -> None:
    node = make_segmentation(make_image())
    load_gates(sample_output, node)
    gates = gates_of(node)
    show_expert(node, gates[0].name, gates[0].experts[0])
    seconds = []
    for gate in gates:
        for expert in gate.experts:
            start = time.perf_counter()
            show_expert(node, gate.name, expert)
            seconds.append(time.perf_counter() - start)
    print(f"show_expert: {1000 * float(np.median(seconds)):.1f} ms")
    assert np.median(seconds) < FAST_SECONDS


def _lightness(colour: Sequence[float]) -> float:
    return sum(part * share for part, share in zip(colour, (0.2126, 0.7152, 0.0722), strict=True))


def _affine(volume: Any) -> np.ndarray:
    matrix = vtkMatrix4x4()
    volume.GetIJKToRASMatrix(matrix)
    return slicer.util.arrayFromVTKMatrix(matrix)


def _corners(volume: Any) -> list[float]:
    bounds = [0.0] * 6
    volume.GetRASBounds(bounds)
    return bounds


def _all_layers() -> list[tuple[Any, ...]]:
    return [
        (
            view.GetForegroundVolumeID(),
            view.GetForegroundOpacity(),
            view.GetLabelVolumeID(),
            view.GetLabelOpacity(),
        )
        for view in map(slice_view, VIEWS)
    ]
