from __future__ import annotations

from typing import Any

import pytest
import slicer

from humor.output.report_sections import expert_colour
from HUMoRSegmentLib.panel.routing import most_different_gate, weight_bars
from HUMoRSegmentLib.routing.weights import make_gate_table
from HUMoRSegmentLib.scene import references


def gate(name: str, brain: list[float], tumour: list[float] | None) -> dict[str, Any]:
    experts = ["a", "b"]
    in_tumour = None if tumour is None else dict(zip(experts, tumour, strict=True))
    in_brain = dict(zip(experts, brain, strict=True))
    return {
        "name": name,
        "experts": experts,
        "mean_weights": in_brain,
        "mean_weights_brain": in_brain,
        "mean_weights_tumour": in_tumour,
    }


@pytest.fixture
def segmentation(scene: Any) -> Any:
    """A result with a table of two gates."""
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    gates = [gate("g1", [0.25, 0.75], [0.5, 0.5]), gate("g2", [0.9, 0.1], [0.8, 0.2])]
    make_gate_table(node, {"source": "learned", "gates": gates})
    return node


def test_the_experts_of_one_gate_have_bars_in_their_colours(segmentation: Any) -> None:
    text = weight_bars(segmentation, "g1")
    assert [f"{number}&nbsp;%" in text for number in (25, 75, 50)] == [True] * 3
    assert "90&nbsp;%" not in text
    assert expert_colour(0) in text
    assert expert_colour(1) in text


def test_without_a_tumour_its_bars_are_dashes(scene: Any) -> None:
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    make_gate_table(node, {"source": "learned", "gates": [gate("g1", [0.25, 0.75], None)]})
    assert weight_bars(node, "g1").count("–") == 2
    assert most_different_gate(node) == ""


def test_the_gate_that_tells_tumour_from_brain_most_is_named(segmentation: Any) -> None:
    assert most_different_gate(segmentation).startswith("g1 ")
    assert "25 %" in most_different_gate(segmentation)


def test_without_a_table_there_is_nothing_to_draw(segmentation: Any) -> None:
    slicer.mrmlScene.RemoveNode(segmentation.GetNodeReference(references.GATE_TABLE))
    assert weight_bars(segmentation, "g1") == ""
    assert most_different_gate(segmentation) == ""
