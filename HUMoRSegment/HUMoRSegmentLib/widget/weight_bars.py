"""Mean weights of a gate's experts as bars in rich text: in the brain, and in the tumour."""

from __future__ import annotations

from typing import Any

from slicer.i18n import tr as _

from humor.output.expert_colours import expert_colour

from ..scene import references
from .rich_text import bars

GATE, EXPERT, BRAIN, TUMOUR = range(4)
"""Columns of the table of gates."""


def weight_bars(segmentation: Any, gate: str, experts: tuple[str, ...]) -> str:
    """Bars from the result's table of gates; empty if it was removed from the scene.

    Args:
        segmentation: the result.
        gate: the gate's name.
        experts: its experts, in order: each has its colour by its place.
    """
    table = segmentation.GetNodeReference(references.GATE_TABLE)
    if table is None:
        return ""
    rows = [
        (
            expert,
            expert_colour(experts.index(expert)),
            (_share(table, row, BRAIN), _share(table, row, TUMOUR)),
        )
        for row in range(table.GetNumberOfRows())
        if table.GetCellText(row, GATE) == gate and (expert := table.GetCellText(row, EXPERT)) in experts
    ]
    return bars((_("Expert"), _("Brain"), _("Tumour")), rows) if rows else ""


def _share(table: Any, row: int, column: int) -> float | None:
    """A cell's number; None for a cell without one (no tumour was found)."""
    try:
        number = float(table.GetCellText(row, column))
    except ValueError:
        return None
    return number if number == number else None  # not a number: unknown
