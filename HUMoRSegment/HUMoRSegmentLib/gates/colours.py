"""Colour tables of the overlays: how much one expert weighs, and which expert weighs most."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import slicer
from slicer.i18n import tr as _

from humor.output.report_sections import expert_colour

from ..scene import references

_WEIGHT_TABLE = references.PREFIX + "WeightColours"
_EXPERT_TABLE = references.PREFIX + "ExpertColours"
_STEPS = 256
# Matplotlib's "inferno" (CC0), read at equal distances: lightness grows evenly with the weight, also
# for eyes that see fewer colours. No weight is transparent: slice views know only all or nothing, and a
# bright tumour seen through a hole would look like a high weight.
_INFERNO = [
    "000004",
    "160b39",
    "420a68",
    "6a176e",
    "932667",
    "bc3754",
    "dd513a",
    "f37819",
    "fca50a",
    "f6d746",
    "fcffa4",
]

Colour = tuple[float, float, float]


def weight_colours() -> Any:
    """The colour table for weights 0 to 1, one for all results of the scene."""
    for node in slicer.util.getNodesByClass("vtkMRMLColorTableNode"):
        if node.GetAttribute(_WEIGHT_TABLE):
            return node
    table = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLColorTableNode", _("Expert weight"))
    table.SetAttribute(_WEIGHT_TABLE, "1")
    _begin(table, _STEPS)
    for step in range(_STEPS):
        weight = step / (_STEPS - 1)
        table.SetColor(step, f"{weight:.2f}", *weight_colour(weight), 1.0)
    return table


def weight_colour(weight: float) -> Colour:
    """Red, green, blue (0 to 1) of a weight 0 to 1."""
    place = weight * (len(_INFERNO) - 1)
    first = min(int(place), len(_INFERNO) - 2)
    low, high = _rgb(_INFERNO[first]), _rgb(_INFERNO[first + 1])
    red, green, blue = (a + (b - a) * (place - first) for a, b in zip(low, high, strict=True))
    return red, green, blue


def expert_colours(table: Any | None, experts: Sequence[str]) -> Any:
    """The colour table of a gate's experts: 0 is nobody, 1 the first expert.

    Args:
        table: one of ours for another gate, to be used again; anything else is left alone.
        experts: their names.
    """
    if table is None or not table.GetAttribute(_EXPERT_TABLE):
        table = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLColorTableNode", _("Experts"))
        table.SetAttribute(_EXPERT_TABLE, "1")
    modified = table.StartModify()
    try:
        _begin(table, len(experts) + 1)
        table.SetColor(0, _("none"), 0.0, 0.0, 0.0, 0.0)
        for index, name in enumerate(experts):
            table.SetColor(index + 1, name, *_rgb(expert_colour(index).lstrip("#")), 1.0)
    finally:
        table.EndModify(modified)
    return table


def _begin(table: Any, count: int) -> None:
    table.SetTypeToUser()
    table.SetNumberOfColors(count)


def _rgb(digits: str) -> Colour:
    red, green, blue = bytes.fromhex(digits)
    return red / 255, green / 255, blue / 255
