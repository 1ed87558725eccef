"""Mean weights of a result's gates, in the brain and in the tumour: as a table and as a chart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import slicer
from slicer.i18n import tr as _

from humor.errors import UsageError

from ..scene import references
from ..scene.tables import add_table, fill_table
from .gates import find_gate

GATE, EXPERT, BRAIN, TUMOUR, DIFFERENCE = range(5)
"""Columns. The last two are missing where no tumour was found."""

_DIGITS = 4
_COLOURS = ((0.45, 0.49, 0.54), (0.84, 0.37, 0.0))  # brain: grey; tumour: vermilion


@dataclass(frozen=True)
class MeanWeights:
    """A gate's mean weights, expert → 0 to 1.

    Attributes:
        brain: over the brain.
        tumour: over the whole tumour; empty where no tumour was found.
    """

    brain: dict[str, float]
    tumour: dict[str, float]

    @property
    def difference(self) -> float:
        """How much weight is with other experts in the tumour than in the brain, 0 to 1."""
        return sum(abs(self.tumour[name] - self.brain[name]) for name in self.tumour) / 2


def make_gate_table(segmentation: Any, routing: Mapping[str, Any]) -> Any | None:
    """Bring the mean weights of a run into the scene, in place of those of an earlier run.

    Args:
        segmentation: the result; it refers to the table afterwards.
        routing: of ``routing.json``, or ``report.json``'s ``routing``.

    Returns:
        The table node: gate, expert, mean weight in the brain and in the tumour, and their difference;
        None where the model has no experts (an earlier run's table is then removed).
    """
    table = segmentation.GetNodeReference(references.GATE_TABLE)
    rows = _rows(routing)
    if not rows:
        if table is not None:
            slicer.mrmlScene.RemoveNode(table)
        return None
    if table is None:
        name = _("{segmentation} expert weights").format(segmentation=segmentation.GetName())
        table = add_table(segmentation, references.GATE_TABLE, name)
    headings = (_("Gate"), _("Expert"), _("Brain"), _("Tumour"), _("Tumour − brain"))
    fill_table(table, dict(zip(headings, zip(*rows, strict=True), strict=False)))
    return table


def mean_weights(segmentation: Any) -> dict[str, MeanWeights]:
    """Gate → mean weights, in the network's order, from a result's table; empty without one."""
    table = segmentation.GetNodeReference(references.GATE_TABLE)
    means: dict[str, MeanWeights] = {}
    if table is None or table.GetNumberOfColumns() <= BRAIN:
        return means
    columns = table.GetTable()
    for row in range(table.GetNumberOfRows()):
        gate, expert = table.GetCellText(row, GATE), table.GetCellText(row, EXPERT)
        of_gate = means.setdefault(gate, MeanWeights({}, {}))
        of_gate.brain[expert] = columns.GetValue(row, BRAIN).ToDouble()
        if table.GetNumberOfColumns() > TUMOUR:
            of_gate.tumour[expert] = columns.GetValue(row, TUMOUR).ToDouble()
    return means


def gates_by_difference(segmentation: Any) -> list[tuple[str, float]]:
    """Gates and how differently they weigh tumour and brain (0 to 1), most different first.

    Without a tumour, or without a table, there is nothing to compare and the list is empty.
    """
    differences = [
        (gate, means.difference) for gate, means in mean_weights(segmentation).items() if means.tumour
    ]
    return sorted(differences, key=lambda entry: -entry[1])


def _rows(routing: Mapping[str, Any]) -> list[list[Any]]:
    rows: list[list[Any]] = []
    for gate in routing.get("gates", []):
        brain = gate.get("mean_weights_brain") or gate["mean_weights"]
        tumour = gate.get("mean_weights_tumour")
        for expert in gate["experts"]:
            row = [gate["name"], expert, _rounded(brain[expert])]
            if tumour is not None:
                row += [_rounded(tumour[expert]), _rounded(tumour[expert] - brain[expert])]
            rows.append(row)
    return rows


def _rounded(weight: float) -> float:
    return round(float(weight), _DIGITS) + 0.0  # no minus before a zero


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
    table = _chart_node(
        segmentation,
        references.GATE_CHART_TABLE,
        slicer.vtkMRMLTableNode,
        _("{segmentation} chart values"),
        hidden=True,
    )
    columns = _chart_columns(means)
    fill_table(table, columns)
    chart = _chart_node(
        segmentation, references.GATE_CHART, slicer.vtkMRMLPlotChartNode, _("{segmentation} expert weights")
    )
    modified = chart.StartModify()
    try:
        _describe(chart, gate)
        _show_series(chart, table, list(columns))
    finally:
        chart.EndModify(modified)
    return chart


def _chart_columns(means: MeanWeights) -> dict[str, list[Any]]:
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


def _chart_node(segmentation: Any, role: str, kind: type[Any], name: str, hidden: bool = False) -> Any:
    """The result's node of a role, made where there is none yet."""
    node = segmentation.GetNodeReference(role)
    if node is None:
        node = kind()
        node.SetName(name.format(segmentation=segmentation.GetName()))
        node.SetHideFromEditors(hidden)
        slicer.mrmlScene.AddNode(node)
        segmentation.SetNodeReferenceID(role, node.GetID())
    return node


def percent_text(weight: float) -> str:
    """A weight as a whole number of per cent; small weights that are not nothing are told from 0."""
    share = 100.0 * weight
    return "<1 %" if 0.0005 < share < 0.5 else f"{share:.0f} %"
