from __future__ import annotations

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
    world,
    write_output,
)
from slicer.util import vtkMatrixFromArray

from humor.errors import UsageError
from HUMoRSegmentLib.routing.disagreement import dispute_text, find_dispute, most_disputed, normalised_entropy
from HUMoRSegmentLib.routing.gates import load_gates
from HUMoRSegmentLib.scene.views import jump_to

SURE, UNSURE, TORN = (0.98, 0.01, 0.01), (0.6, 0.3, 0.1), (0.34, 0.33, 0.33)
FINE_AFFINE = (
    IMAGE_AFFINE
    @ np.diag([4.0, 4, 4, 1])
    @ np.array([[1, 0, 0, 0.375], [0, 1, 0, 0.375], [0, 0, 1, 0.375], [0, 0, 0, 1]])
)
"""Places of 4 × 4 × 4 voxels of the image, from its first voxel on."""
PLACES = tuple(size // 4 for size in SHAPE)


def test_entropy_is_0_for_one_expert_and_1_for_all_alike() -> None:
    weights = np.array([[1, 0, 0], [1 / 3] * 3, [0.5, 0.5, 0]], np.float32).T.reshape(3, 3, 1, 1)
    two_of_three = np.log(2) / np.log(3)
    assert normalised_entropy(weights).ravel() == pytest.approx([0, 1, two_of_three], abs=1e-6)


def test_experts_of_missing_sequences_are_no_party() -> None:
    weights = np.array([[0.5, 0, 0.5, 0], [0.9, 0, 0.1, 0]], np.float32).T.reshape(4, 2, 1, 1)
    assert normalised_entropy(weights).ravel()[0] == pytest.approx(1.0)
    assert normalised_entropy(weights[:1]).ravel() == pytest.approx([0, 0])


def test_the_most_disputed_place_of_the_tumour_is_found(scene: Any, tmp_path: Path) -> None:
    """A place that is more disputed, but outside the tumour, is not taken."""
    tumour = _block((1, 1, 1), (3, 3, 3))
    segmentation = _result(tmp_path, {(2, 1, 2): UNSURE, (4, 3, 0): TORN}, tumour)
    dispute = find_dispute(segmentation, "gate")
    assert dispute.within == "tumour"
    index = _voxel(dispute.ras)
    assert tuple(int(value) // 4 for value in index) == (2, 1, 2)
    assert tumour[tuple(index[::-1])]
    expected = -sum(weight * np.log(weight) for weight in UNSURE) / np.log(3)
    assert dispute.entropy == pytest.approx(expected, rel=1e-4)
    assert most_disputed(segmentation, "gate") == dispute.ras
    text = dispute_text("gate", dispute)
    assert "inside the tumour" in text and f"{100 * expected:.0f} %" in text


def test_the_point_is_a_voxel_of_the_tumour(scene: Any, tmp_path: Path) -> None:
    """Also where the middle of the place is not: the tumour is a shell there."""
    tumour = _block((1, 1, 1), (2, 2, 2))
    tumour[4:8, 5:7, 5:7] = False
    dispute = find_dispute(_result(tmp_path, {(1, 1, 1): TORN}, tumour), "gate")
    assert tumour[tuple(_voxel(dispute.ras)[::-1])]


def test_a_segment_that_is_kept_cropped_is_found_where_it_is(scene: Any, tmp_path: Path) -> None:
    """Slicer keeps a segment's voxels only around it: its first voxel is not the image's."""
    tumour = _block((1, 1, 1), (3, 3, 3))
    segmentation = _result(tmp_path, {(2, 1, 2): TORN}, tumour)
    whole, cropped = slicer.vtkOrientedImageData(), slicer.vtkOrientedImageData()
    segmentation.GetBinaryLabelmapRepresentation("WT", whole)
    resample = slicer.vtkOrientedImageDataResample
    assert resample.CopyImage(whole, cropped, [4, 11, 4, 11, 4, 11])
    segment = segmentation.GetSegmentation().GetSegment("WT")
    segment.RemoveRepresentation("Binary labelmap")
    segment.AddRepresentation("Binary labelmap", cropped)
    assert cropped.GetExtent()[0] == 4
    dispute = find_dispute(segmentation, "gate")
    assert tuple(int(value) // 4 for value in _voxel(dispute.ras)) == (2, 1, 2)
    assert tumour[tuple(_voxel(dispute.ras)[::-1])]


def test_a_place_that_the_tumour_merely_touches_is_not_taken(scene: Any, tmp_path: Path) -> None:
    tumour = _block((1, 1, 1), (2, 2, 2))
    tumour[4, 4, 8] = True  # one voxel of the next place
    dispute = find_dispute(_result(tmp_path, {(2, 1, 1): TORN}, tumour), "gate")
    assert tuple(int(value) // 4 for value in _voxel(dispute.ras)) == (1, 1, 1)


def test_without_a_tumour_the_brain_is_searched(scene: Any, tmp_path: Path) -> None:
    """The image is dark outside places 1 to 4, 1 to 3 and 1 to 2."""
    image = np.where(_block((1, 1, 1), (5, 4, 3)), 100.0, 0.0).astype(np.float32)
    weights = {(0, 0, 0): TORN, (3, 2, 1): UNSURE}
    for tumour in (None, np.zeros(SHAPE[::-1], bool)):
        slicer.mrmlScene.Clear()
        dispute = find_dispute(_result(tmp_path, weights, tumour, image), "gate")
        assert dispute.within == "brain"
        assert tuple(int(value) // 4 for value in _voxel(dispute.ras)) == (3, 2, 1)


def test_without_an_image_the_whole_map_is_searched(scene: Any, tmp_path: Path) -> None:
    segmentation = _result(tmp_path, {(0, 4, 3): TORN, (3, 2, 1): UNSURE})
    slicer.mrmlScene.RemoveNode(slicer.util.getNode("FLAIR"))
    dispute = find_dispute(segmentation, "gate")
    assert dispute.within == "image"
    assert dispute.ras == pytest.approx(world(FINE_AFFINE, (0, 4, 3)), abs=1e-4)
    assert dispute.entropy == pytest.approx(1.0, abs=1e-3)


def test_a_gate_that_decides_once_leads_into_the_tumour(scene: Any, tmp_path: Path) -> None:
    image, tumour = make_image(), _block((2, 1, 1), (4, 3, 3))
    segmentation = make_segmentation(image, tumour)
    write_output(tmp_path, {"gate": (np.array(UNSURE, np.float32).reshape(3, 1, 1, 1), MAP_AFFINE)})
    load_gates(tmp_path, segmentation)
    assert tumour[tuple(_voxel(most_disputed(segmentation, "gate"))[::-1])]


def test_the_place_moves_with_the_segmentation(scene: Any, tmp_path: Path) -> None:
    segmentation = _result(tmp_path, {(2, 1, 2): TORN}, _block((1, 1, 1), (3, 3, 3)))
    before = most_disputed(segmentation, "gate")
    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    moved = np.array([[0.0, -1, 0, 5], [1, 0, 0, -3], [0, 0, 1, 12], [0, 0, 0, 1]])
    transform.SetMatrixTransformToParent(vtkMatrixFromArray(moved))
    segmentation.SetAndObserveTransformNodeID(transform.GetID())
    assert most_disputed(segmentation, "gate") == pytest.approx(world(moved, before))


def test_all_slice_views_jump_to_the_place(scene: Any, tmp_path: Path) -> None:
    segmentation = _result(tmp_path, {(2, 1, 2): TORN}, _block((1, 1, 1), (3, 3, 3)))
    ras = most_disputed(segmentation, "gate")
    jump_to(ras)
    for name in ("Red", "Yellow", "Green"):
        node = slicer.app.layoutManager().sliceWidget(name).mrmlSliceNode()
        place = [node.GetSliceToRAS().GetElement(row, 3) for row in range(3)]
        assert place == pytest.approx(ras), name
    assert list(slicer.util.getNode("Crosshair*").GetCrosshairRAS()) == pytest.approx(ras)


def test_the_samples_dispute_lies_in_its_tumour(scene: Any, sample_output: Path) -> None:
    segmentation = slicer.util.loadSegmentation(str(sample_output / "segmentation.seg.nrrd"))
    gates = load_gates(sample_output, segmentation)
    assert gates
    for name in ("group1/block1", "group3/block7"):
        dispute = find_dispute(segmentation, name)
        assert dispute.within == "tumour"
        assert 0.0 < dispute.entropy <= 1.0


def test_without_gates_it_is_said(scene: Any) -> None:
    with pytest.raises(UsageError, match="no expert weights"):
        most_disputed(make_segmentation(make_image()), "gate")


def _result(
    folder: Path,
    weights: dict[tuple[int, int, int], tuple[float, float, float]],
    tumour: np.ndarray | None = None,
    image: np.ndarray | None = None,
) -> Any:
    """A result whose experts are sure everywhere but at the given places."""
    segmentation = make_segmentation(make_image(image), tumour)
    values = np.broadcast_to(np.reshape(SURE, (3, 1, 1, 1)), (3, *PLACES)).astype(np.float32)
    for place, one in weights.items():
        values[(slice(None), *place)] = one
    write_output(folder, {"gate": (values, FINE_AFFINE)})
    load_gates(folder, segmentation)
    return segmentation


def _block(first: tuple[int, int, int], end: tuple[int, int, int]) -> np.ndarray:
    """Mask ``[k, j, i]`` of whole places."""
    mask = np.zeros(SHAPE, bool)
    mask[tuple(slice(4 * a, 4 * b) for a, b in zip(first, end, strict=True))] = True
    return mask.transpose(2, 1, 0)


def _voxel(ras: tuple[float, ...]) -> np.ndarray:
    """Index ``(i, j, k)`` in the image."""
    inverse = np.linalg.inv(IMAGE_AFFINE)
    return np.rint(inverse[:3, :3] @ np.asarray(ras) + inverse[:3, 3]).astype(int)
