from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import slicer
from gates.results import (
    MAP_AFFINE,
    make_image,
    make_segmentation,
    random_weights,
    saved_and_loaded,
    write_output,
)

from HUMoRSegmentLib.gates.table import gates_by_difference, make_gate_table, mean_weights
from HUMoRSegmentLib.scene import references

FACTS = {
    "source": "learned",
    "gates": [
        {
            "name": "same",
            "experts": ["a", "b"],
            "mean_weights": {"a": 0.5, "b": 0.5},
            "mean_weights_brain": {"a": 0.6, "b": 0.4},
            "mean_weights_tumour": {"a": 0.6, "b": 0.4},
        },
        {
            "name": "other",
            "experts": ["a", "b", "c"],
            "mean_weights": {"a": 0.4, "b": 0.3, "c": 0.3},
            "mean_weights_brain": {"a": 0.7, "b": 0.2, "c": 0.1},
            "mean_weights_tumour": {"a": 0.2, "b": 0.6, "c": 0.2},
        },
    ],
}


@pytest.fixture
def segmentation(scene: Any) -> Any:
    return make_segmentation(make_image())


def test_every_gate_and_expert_has_a_row(segmentation: Any) -> None:
    table = make_gate_table(segmentation, FACTS)
    assert segmentation.GetNodeReference(references.GATE_TABLE) is table
    columns = [table.GetColumnName(number) for number in range(table.GetNumberOfColumns())]
    assert columns == ["Gate", "Expert", "Brain", "Tumour", "Tumour − brain"]
    rows = [[table.GetCellText(row, column) for column in range(5)] for row in range(table.GetNumberOfRows())]
    assert [row[:2] for row in rows] == [
        ["same", "a"],
        ["same", "b"],
        ["other", "a"],
        ["other", "b"],
        ["other", "c"],
    ]
    assert [float(value) for value in rows[2][2:]] == pytest.approx([0.7, 0.2, -0.5])
    assert rows[0][4] == "0"


def test_without_a_tumour_only_the_brain_is_told(segmentation: Any, tmp_path: Path) -> None:
    facts = write_output(tmp_path, {"g": (random_weights((2, 2, 2)), MAP_AFFINE)}, tumour=False)
    table = make_gate_table(segmentation, facts)
    assert table is not None and table.GetNumberOfColumns() == 3
    assert gates_by_difference(segmentation) == []
    means = mean_weights(segmentation)["g"]
    assert means.tumour == {} and means.difference == 0.0
    assert means.brain == pytest.approx(facts["gates"][0]["mean_weights_brain"], abs=1e-4)


def test_gates_that_weigh_the_tumour_most_differently_come_first(segmentation: Any) -> None:
    make_gate_table(segmentation, FACTS)
    assert gates_by_difference(segmentation) == [("other", pytest.approx(0.5)), ("same", pytest.approx(0.0))]


def test_a_second_run_fills_the_same_table(segmentation: Any) -> None:
    first: Any = make_gate_table(segmentation, FACTS)
    second: Any = make_gate_table(segmentation, {"source": "learned", "gates": FACTS["gates"][:1]})
    assert second is first
    assert first.GetNumberOfRows() == 2
    assert list(mean_weights(segmentation)) == ["same"]


def test_a_run_without_experts_has_no_table(segmentation: Any) -> None:
    make_gate_table(segmentation, FACTS)
    assert make_gate_table(segmentation, {"source": "learned", "gates": []}) is None
    assert segmentation.GetNodeReference(references.GATE_TABLE) is None
    assert slicer.util.getNodesByClass("vtkMRMLTableNode") == []
    assert make_gate_table(segmentation, {}) is None
    assert mean_weights(segmentation) == {} and gates_by_difference(segmentation) == []


def test_the_samples_means_survive_a_saved_scene(
    segmentation: Any, sample_output: Path, tmp_path: Path
) -> None:
    facts = json.loads((sample_output / "routing.json").read_text())
    make_gate_table(segmentation, facts)
    loaded = mean_weights(saved_and_loaded(tmp_path / "scene.mrb"))
    assert list(loaded) == [gate["name"] for gate in facts["gates"]]
    for gate in facts["gates"]:
        assert loaded[gate["name"]].brain == pytest.approx(gate["mean_weights_brain"], abs=1e-4)
        assert loaded[gate["name"]].tumour == pytest.approx(gate["mean_weights_tumour"], abs=1e-4)
