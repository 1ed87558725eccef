from __future__ import annotations

from typing import Any

import pytest
import slicer
import vtk

from humor.output.expert_colours import expert_colour
from HUMoRSegmentLib.scene import references
from HUMoRSegmentLib.widget.weight_bars import weight_bars


@pytest.fixture
def segmentation(scene: Any) -> Any:
    """A result with a table of two gates; nothing is known of the second one's tumour."""
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    table = scene.AddNewNodeByClass("vtkMRMLTableNode")
    rows = [("g1", "a", "0.25", "0.5"), ("g1", "b", "0.75", "0.5"), ("g2", "a", "1", "")]
    for column, heading in enumerate(("Gate", "Expert", "Brain", "Tumour")):
        cells = vtk.vtkStringArray()
        cells.SetName(heading)
        for row in rows:
            cells.InsertNextValue(row[column])
        table.AddColumn(cells)
    node.SetNodeReferenceID(references.GATE_TABLE, table.GetID())
    return node


def test_the_experts_of_one_gate_have_bars_in_their_colours(segmentation: Any) -> None:
    text = weight_bars(segmentation, "g1", ("a", "b"))
    assert [f"{number} %" in text for number in (25, 75, 50)] == [True] * 3
    assert "100 %" not in text
    assert expert_colour(0) in text
    assert expert_colour(1) in text


def test_what_is_not_known_of_a_tumour_is_a_dash(segmentation: Any) -> None:
    text = weight_bars(segmentation, "g2", ("a", "b"))
    assert "100 %" in text
    assert "–" in text


def test_without_a_table_there_is_nothing_to_draw(segmentation: Any) -> None:
    slicer.mrmlScene.RemoveNode(segmentation.GetNodeReference(references.GATE_TABLE))
    assert weight_bars(segmentation, "g1", ("a", "b")) == ""
