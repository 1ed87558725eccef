"""A gate's mean weights as a bar chart: each expert in the brain and in the tumour."""

from __future__ import annotations

from typing import Any

import slicer
from slicer.i18n import tr as _

from humor.errors import UsageError

from ..scene import references
from .table import MeanWeights, fill_table, mean_weights
from .volumes import find_gate

CHART = references.PREFIX + "GateChart"
"""Reference of the segmentation node: the chart, one for all gates of a result."""
CHART_TABLE = references.PREFIX + "GateChartTable"

_COLOURS = ((0.45, 0.49, 0.54), (0.84, 0.37, 0.0))  # brain: grey; tumour: vermilion


def show_chart(segmentation: Any, gate: str) -> Any:
    """Show a gate's chart beside the images, in a layout that has a plot view.

    Returns:
        The chart node.

    Raises:
        UsageError: there is no such gate, or its mean weights were removed from the scene.
    """
    chart = make_chart(segmentation, gate)
    plots = getattr(slicer.modules, "plots", None)
    if plots is not None:
        plots.logic().ShowChartInLayout(chart)
    return chart


def make_chart(segmentation: Any, gate: str) -> Any:
    """Make a gate's chart; the result's chart of another gate becomes that of this one.

    Returns:
        The chart node.

    Raises:
        UsageError: as in ``show_chart``.
    """
    find_gate(segmentation, gate)
    means = mean_weights(segmentation).get(gate)
    if means is None:
        raise UsageError(
            _("The table of expert weights was removed from the scene: segment again to see the chart.")
        )
    table = _node(segmentation, CHART_TABLE, slicer.vtkMRMLTableNode, _("chart values"), hidden=True)
    columns = _columns(means)
    fill_table(table, columns)
    chart = _node(segmentation, CHART, slicer.vtkMRMLPlotChartNode, _("expert weights"))
    modified = chart.StartModify()
    try:
        _describe(chart, gate)
        _show_series(chart, table, list(columns))
    finally:
        chart.EndModify(modified)
    return chart


def _columns(means: MeanWeights) -> dict[str, list[Any]]:
    """Heading → values; the first column names the bars."""
    columns: dict[str, list[Any]] = {_("Expert"): list(means.brain), _("Brain"): list(means.brain.values())}
    if means.tumour:
        columns[_("Tumour")] = list(means.tumour.values())
    return columns


def _describe(chart: Any, gate: str) -> None:
    chart.SetTitle(_("{gate}: mean weight of each expert").format(gate=gate))
    chart.SetTitleVisibility(True)
    chart.SetLegendVisibility(True)
    chart.SetXAxisTitle("")
    chart.SetYAxisTitle(_("Weight"))
    chart.SetYAxisRangeAuto(False)
    chart.SetYAxisRange(0.0, 1.0)


def _show_series(chart: Any, table: Any, headings: list[str]) -> None:
    """One series for each column of numbers; a series left from a result with a tumour is removed."""
    labels, *regions = headings
    while chart.GetNumberOfPlotSeriesNodes() > len(regions):
        series = chart.GetNthPlotSeriesNode(chart.GetNumberOfPlotSeriesNodes() - 1)
        chart.RemoveNthPlotSeriesNodeID(chart.GetNumberOfPlotSeriesNodes() - 1)
        slicer.mrmlScene.RemoveNode(series)
    for index, region in enumerate(regions):
        series = chart.GetNthPlotSeriesNode(index)
        if series is None:
            series = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLPlotSeriesNode")
            chart.AddAndObservePlotSeriesNodeID(series.GetID())
        series.SetName(region)  # the legend shows it: no number behind it, as unique names would have
        series.SetAndObserveTableNodeID(table.GetID())
        series.SetPlotType(series.PlotTypeBar)
        series.SetLabelColumnName(labels)
        series.SetYColumnName(region)
        series.SetColor(*_COLOURS[index])


def _node(segmentation: Any, role: str, kind: type[Any], words: str, hidden: bool = False) -> Any:
    """The result's node of a role, made where there is none yet."""
    node = segmentation.GetNodeReference(role)
    if node is None:
        node = kind()
        node.SetName(f"{segmentation.GetName()} {words}")
        node.SetHideFromEditors(hidden)
        slicer.mrmlScene.AddNode(node)
        segmentation.SetNodeReferenceID(role, node.GetID())
    return node
