from __future__ import annotations

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

from humor.errors import UsageError
from HUMoRSegmentLib.gates.chart import CHART, make_chart, show_chart
from HUMoRSegmentLib.gates.table import make_gate_table, mean_weights
from HUMoRSegmentLib.gates.volumes import load_gates
from HUMoRSegmentLib.scene import references

MAPS = {
    "first": (random_weights((2, 2, 2)), MAP_AFFINE),
    "second": (random_weights((2, 2, 2), 4), MAP_AFFINE),
}


@pytest.fixture
def segmentation(scene: Any, tmp_path: Path) -> Any:
    node = make_segmentation(make_image())
    make_gate_table(node, write_output(tmp_path, MAPS))
    load_gates(tmp_path, node)
    return node


def test_bars_are_the_mean_weights_in_brain_and_tumour(segmentation: Any) -> None:
    chart = make_chart(segmentation, "second")
    assert chart.GetTitle() == "second: mean weight of each expert"
    means = mean_weights(segmentation)["second"]
    for name, expected in (("Brain", means.brain), ("Tumour", means.tumour)):
        assert _bars(chart)[name] == pytest.approx(expected)
    first = chart.GetNthPlotSeriesNode(0)
    assert first.GetPlotType() == first.PlotTypeBar
    assert list(chart.GetYAxisRange()) == [0.0, 1.0] and not chart.GetYAxisRangeAuto()


def test_another_gate_uses_the_same_chart(segmentation: Any) -> None:
    chart = make_chart(segmentation, "first")
    nodes = slicer.mrmlScene.GetNumberOfNodes()
    assert make_chart(segmentation, "second") is chart
    assert slicer.mrmlScene.GetNumberOfNodes() == nodes
    assert list(_bars(chart)["Brain"]) == ["expert 1", "expert 2", "expert 3", "expert 4"]


def test_a_second_results_chart_has_the_same_legend(segmentation: Any, tmp_path: Path) -> None:
    first = make_chart(segmentation, "first")
    other = make_segmentation(make_image())
    make_gate_table(other, write_output(tmp_path, MAPS))
    load_gates(tmp_path, other)
    second = make_chart(other, "first")
    assert second is not first
    assert list(_bars(second)) == list(_bars(first)) == ["Brain", "Tumour"]


def test_without_a_tumour_the_brain_alone_is_shown(segmentation: Any, tmp_path: Path) -> None:
    chart = make_chart(segmentation, "first")
    make_gate_table(segmentation, write_output(tmp_path, MAPS, tumour=False))
    assert list(_bars(make_chart(segmentation, "first"))) == ["Brain"]
    assert len(slicer.util.getNodesByClass("vtkMRMLPlotSeriesNode")) == 1
    make_gate_table(segmentation, write_output(tmp_path, MAPS))
    assert make_chart(segmentation, "first") is chart
    assert list(_bars(chart)) == ["Brain", "Tumour"]


def test_showing_it_opens_a_layout_with_a_plot(segmentation: Any) -> None:
    layout = slicer.app.layoutManager()
    layout.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView)
    chart = show_chart(segmentation, "first")
    assert layout.layout != slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView
    selection = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLSelectionNode")
    assert selection.GetActivePlotChartID() == chart.GetID()


def test_the_chart_survives_a_saved_scene(segmentation: Any, tmp_path: Path) -> None:
    before = _bars(make_chart(segmentation, "second"))
    loaded = saved_and_loaded(tmp_path / "scene.mrb")
    chart = loaded.GetNodeReference(CHART)
    assert _bars(chart) == {name: pytest.approx(values) for name, values in before.items()}
    assert make_chart(loaded, "first") is chart


def test_what_is_missing_is_said(segmentation: Any) -> None:
    with pytest.raises(UsageError, match="no gate “third”"):
        make_chart(segmentation, "third")
    slicer.mrmlScene.RemoveNode(segmentation.GetNodeReference(references.GATE_TABLE))
    with pytest.raises(UsageError, match="table of expert weights was removed"):
        make_chart(segmentation, "first")


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
