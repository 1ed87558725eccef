from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
import slicer
from routing.results import (
    IMAGE_AFFINE,
    MAP_AFFINE,
    OBLIQUE,
    SHAPE,
    make_image,
    make_segmentation,
    random_weights,
    world,
    write_output,
)
from slicer.util import vtkMatrixFromArray

from HUMoRSegmentLib.routing.cursor import CursorReader, cursor_text, weights_at
from HUMoRSegmentLib.routing.gates import gates_of, load_gates

COARSE = random_weights((2, 3, 4))
TILTED = random_weights((5, 4, 3), 4, seed=3)
FAST_SECONDS = 0.01


@pytest.fixture
def segmentation(scene: Any, tmp_path: Path) -> Any:
    node = make_segmentation(make_image())
    once = np.array([0.7, 0.1, 0.2], np.float32).reshape(3, 1, 1, 1)
    maps = {"coarse": (COARSE, MAP_AFFINE), "tilted": (TILTED, OBLIQUE), "once": (once, MAP_AFFINE)}
    write_output(tmp_path, maps)
    load_gates(tmp_path, node)
    return node


@pytest.mark.parametrize(
    "gate, weights, affine", [("coarse", COARSE, MAP_AFFINE), ("tilted", TILTED, OBLIQUE)]
)
def test_every_place_tells_its_own_weights(
    segmentation: Any, gate: str, weights: np.ndarray, affine: np.ndarray
) -> None:
    for index in np.ndindex(weights.shape[1:]):
        for step in ((0, 0, 0), (0.45, -0.45, 0.45)):
            told = weights_at(segmentation, gate, world(affine, np.add(index, step)))
            assert told is not None
            assert list(told.values()) == pytest.approx(weights[(slice(None), *index)])


def test_outside_the_map_nothing_is_told(segmentation: Any) -> None:
    for index in ((-0.6, 0, 0), (0, 3.6, 0), (1, 1, 3.6)):
        place = world(MAP_AFFINE, index)
        assert weights_at(segmentation, "coarse", place) is None
        assert cursor_text(segmentation, "coarse", place) == ""
    assert weights_at(segmentation, "no such gate", world(MAP_AFFINE, (0, 0, 0))) is None


def test_a_gate_that_decides_once_tells_the_same_everywhere_in_the_image(segmentation: Any) -> None:
    expected = pytest.approx({"expert 1": 0.7, "expert 2": 0.1, "expert 3": 0.2})
    for index in ((0, 0, 0), np.subtract(SHAPE, 1), (3, 17, 9)):
        assert weights_at(segmentation, "once", world(IMAGE_AFFINE, index)) == expected
    assert weights_at(segmentation, "once", world(IMAGE_AFFINE, (-2, 0, 0))) is None


def test_the_weights_move_with_the_segmentation(segmentation: Any) -> None:
    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    turned = np.array([[0.0, -1, 0, 5], [1, 0, 0, -3], [0, 0, 1, 12], [0, 0, 0, 1]])
    transform.SetMatrixTransformToParent(vtkMatrixFromArray(turned))
    place = world(OBLIQUE, (3, 1, 2))
    before = weights_at(segmentation, "tilted", place)
    segmentation.SetAndObserveTransformNodeID(transform.GetID())
    assert weights_at(segmentation, "tilted", world(turned, place)) == before
    assert weights_at(segmentation, "tilted", place) != before


def test_the_samples_weights_are_those_of_its_files(scene: Any, sample_output: Path) -> None:
    node = make_segmentation(make_image())
    load_gates(sample_output, node)
    for gate in gates_of(node):
        file = nibabel.load(sample_output / "routing" / (gate.name.replace("/", "-") + ".nii.gz"))
        index = tuple(size // 2 for size in file.shape[:3])
        told = weights_at(node, gate.name, world(file.affine, index))
        assert told is not None
        assert list(told.values()) == pytest.approx(np.asarray(file.dataobj)[index])


def test_the_text_names_gate_place_and_every_expert(segmentation: Any) -> None:
    place = world(IMAGE_AFFINE, (2, 18, 12))
    expected = "once at (R 10, P 12, S 8): expert 1 70 %, expert 2 10 %, expert 3 20 %"
    assert cursor_text(segmentation, "once", place) == expected


def test_a_reader_follows_the_cursor_until_it_is_stopped(segmentation: Any) -> None:
    told: list[str] = []
    reader = CursorReader(segmentation, "coarse", told.append)
    crosshair = slicer.util.getNode("Crosshair*")
    crosshair.SetCursorPositionRAS(world(MAP_AFFINE, (1, 2, 3)))
    assert told == [cursor_text(segmentation, "coarse", world(MAP_AFFINE, (1, 2, 3)))]
    crosshair.SetCursorPositionRAS((500.0, 0.0, 0.0))
    crosshair.SetCursorPositionInvalid()
    assert told[1:] and not any(told[1:])
    count = len(told)
    reader.stop()
    reader.stop()
    crosshair.SetCursorPositionRAS(world(MAP_AFFINE, (1, 2, 3)))
    assert len(told) == count


def test_a_reader_survives_the_end_of_its_result(segmentation: Any) -> None:
    told: list[str] = []
    CursorReader(segmentation, "coarse", told.append)
    slicer.mrmlScene.RemoveNode(segmentation)
    crosshair = slicer.util.getNode("Crosshair*")
    crosshair.SetCursorPositionRAS((0.0, 0.0, 0.0))
    crosshair.SetCursorPositionRAS((1.0, 0.0, 0.0))
    assert told == [""]


def test_reading_keeps_up_with_the_mouse(scene: Any, sample_output: Path) -> None:
    node = make_segmentation(make_image())
    load_gates(sample_output, node)
    gate = gates_of(node)[-1]
    place = world(gate.affine(), (1, 1, 1))
    start = time.perf_counter()
    for _ in range(50):
        assert cursor_text(node, gate.name, place)
    seconds = (time.perf_counter() - start) / 50
    print(f"cursor_text: {1000 * seconds:.2f} ms")
    assert seconds < FAST_SECONDS
