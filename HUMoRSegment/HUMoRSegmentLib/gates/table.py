"""Mean weights of all gates as a table node: a row for each gate and expert."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import slicer
from slicer.i18n import tr as _

from ..scene import references

GATE, EXPERT, BRAIN, TUMOUR, DIFFERENCE = range(5)
"""Columns. The last two are missing where no tumour was found."""

_DIGITS = 4


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


def make_gate_table(segmentation: Any, routing_facts: Mapping[str, Any]) -> Any | None:
    """Bring the mean weights of a run into the scene, in place of those of an earlier run.

    Args:
        segmentation: the result; it refers to the table afterwards.
        routing_facts: of ``routing.json``, or ``report.json``'s ``routing``.

    Returns:
        The table node: gate, expert, mean weight in the brain and in the tumour, and their difference;
        None where the model has no experts (an earlier run's table is then removed).
    """
    table = segmentation.GetNodeReference(references.GATE_TABLE)
    rows = _rows(routing_facts)
    if not rows:
        if table is not None:
            slicer.mrmlScene.RemoveNode(table)
        return None
    if table is None:
        name = _("{segmentation} expert weights").format(segmentation=segmentation.GetName())
        table = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode", name)
        segmentation.SetNodeReferenceID(references.GATE_TABLE, table.GetID())
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


def fill_table(table: Any, columns: Mapping[str, Any]) -> None:
    """Replace a table node's content, as one change.

    Args:
        table: the node.
        columns: heading → values, all text or all numbers.
    """
    from vtkmodules.vtkCommonCore import vtkDoubleArray, vtkStringArray

    modified = table.StartModify()
    try:
        table.RemoveAllColumns()
        for heading, values in columns.items():
            array = vtkStringArray() if isinstance(values[0], str) else vtkDoubleArray()
            array.SetName(heading)
            for value in values:
                array.InsertNextValue(value)
            table.AddColumn(array)
    finally:
        table.EndModify(modified)


def _rows(facts: Mapping[str, Any]) -> list[list[Any]]:
    rows: list[list[Any]] = []
    for gate in facts.get("gates", []):
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
