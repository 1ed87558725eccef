from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import slicer
from routing.results import (
    MAP_AFFINE,
    make_image,
    make_segmentation,
    random_weights,
    saved_and_loaded,
    write_output,
)

from humor.errors import UsageError
from HUMoRSegmentLib.routing.gates import load_gates
from HUMoRSegmentLib.routing.weights import (
    gates_by_difference,
    make_chart,
    make_gate_table,
    mean_weights,
    show_chart,
)
from HUMoRSegmentLib.scene import references

MAPS = {
    "first": (random_weights((2, 2, 2)), MAP_AFFINE),
    "second": (random_weights((2, 2, 2), 4), MAP_AFFINE),
}


@pytest.fixture
def weighed(scene: Any, tmp_path: Path) -> Any:
    node = make_segmentation(make_image())
    make_gate_table(node, write_output(tmp_path, MAPS))
    load_gates(tmp_path, node)
    return node


def test_bars_are_the_mean_weights_in_brain_and_tumour(weighed: Any) -> None:
    chart = make_chart(weighed, "second")
    assert chart.GetTitle() == "second: mean weight of each expert"
    means = mean_weights(weighed)["second"]
    for name, expected in (("Brain", means.brain), ("Tumour", means.tumour)):
        assert _bars(chart)[name] == pytest.approx(expected)
    first = chart.GetNthPlotSeriesNode(0)
    assert first.GetPlotType() == first.PlotTypeBar
    assert list(chart.GetYAxisRange()) == [0.0, 1.0] and not chart.GetYAxisRangeAuto()


def test_another_gate_uses_the_same_chart(weighed: Any) -> None:
    chart = make_chart(weighed, "first")
    nodes = slicer.mrmlScene.GetNumberOfNodes()
    assert make_chart(weighed, "second") is chart
    assert slicer.mrmlScene.GetNumberOfNodes() == nodes
    assert list(_bars(chart)["Brain"]) == ["expert 1", "expert 2", "expert 3", "expert 4"]


def test_a_second_results_chart_has_the_same_legend(weighed: Any, tmp_path: Path) -> None:
    first = make_chart(weighed, "first")
    other = make_segmentation(make_image())
    make_gate_table(other, write_output(tmp_path, MAPS))
    load_gates(tmp_path, other)
    second = make_chart(other, "first")
    assert second is not first
    assert list(_bars(second)) == list(_bars(first)) == ["Brain", "Tumour"]


def test_without_a_tumour_the_brain_alone_is_shown(weighed: Any, tmp_path: Path) -> None:
    chart = make_chart(weighed, "first")
    make_gate_table(weighed, write_output(tmp_path, MAPS, tumour=False))
    assert list(_bars(make_chart(weighed, "first"))) == ["Brain"]
    assert len(slicer.util.getNodesByClass("vtkMRMLPlotSeriesNode")) == 1
    make_gate_table(weighed, write_output(tmp_path, MAPS))
    assert make_chart(weighed, "first") is chart
    assert list(_bars(chart)) == ["Brain", "Tumour"]


def test_showing_it_opens_a_layout_with_a_plot(weighed: Any) -> None:
    layout = slicer.app.layoutManager()
    layout.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView)
    chart = show_chart(weighed, "first")
    assert layout.layout != slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView
    selection = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLSelectionNode")
    assert selection.GetActivePlotChartID() == chart.GetID()


def test_the_chart_survives_a_saved_scene(weighed: Any, tmp_path: Path) -> None:
    before = _bars(make_chart(weighed, "second"))
    loaded = saved_and_loaded(tmp_path / "scene.mrb")
    chart = loaded.GetNodeReference(references.GATE_CHART)
    assert _bars(chart) == {name: pytest.approx(values) for name, values in before.items()}
    assert make_chart(loaded, "first") is chart


def test_what_is_missing_is_said(weighed: Any) -> None:
    with pytest.raises(UsageError, match='no gate "third"'):
        make_chart(weighed, "third")
    slicer.mrmlScene.RemoveNode(weighed.GetNodeReference(references.GATE_TABLE))
    with pytest.raises(UsageError, match="table of expert weights was removed"):
        make_chart(weighed, "first")


def _bars(chart: Any) -> dict[str, dict[str, float]]:
    """Series → label → height, as a plot view would draw them."""
    bars: dict[str, dict[str, float]] = {}
    for index in range(chart.GetNumberOfPlotSeriesNodes()):
        series = chart.GetNthPlotSeriesNode(index)
        columns = series.GetTableNode().GetTable()
        labels = columns.GetColumnByName(series.GetLabelColumnName())
        heights = columns.GetColumnByName(series.GetYColumnName())
        bars[series.GetName()] = {
            labels.GetValue(row): heights.GetValue(row) for row in range(columns.GetNumberOfRows())
        }
    return bars


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
    routing = write_output(tmp_path, {"g": (random_weights((2, 2, 2)), MAP_AFFINE)}, tumour=False)
    table = make_gate_table(segmentation, routing)
    assert table is not None and table.GetNumberOfColumns() == 3
    assert gates_by_difference(segmentation) == []
    means = mean_weights(segmentation)["g"]
    assert means.tumour == {} and means.difference == 0.0
    assert means.brain == pytest.approx(routing["gates"][0]["mean_weights_brain"], abs=1e-4)


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
    routing = json.loads((sample_output / "routing.json").read_text())
    make_gate_table(segmentation, routing)
    loaded = mean_weights(saved_and_loaded(tmp_path / "scene.mrb"))
    assert list(loaded) == [gate["name"] for gate in routing["gates"]]
    for gate in routing["gates"]:
        assert loaded[gate["name"]].brain == pytest.approx(gate["mean_weights_brain"], abs=1e-4)
        assert loaded[gate["name"]].tumour == pytest.approx(gate["mean_weights_tumour"], abs=1e-4)
