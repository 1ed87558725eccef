"""Colour tables of label maps and probabilities; one of each kind serves all results of the scene."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import slicer
from slicer.i18n import tr as _

from humor.regions import ED, ET, LABEL_NAMES, NCR, REGIONS, Region

from . import references

_KIND = references.PREFIX + "Colours"
_STEPS = 256

Colour = tuple[str, float, float, float, float]
"""Name, red, green, blue, opacity."""


def label_colours() -> Any:
    """The table of the BraTS label map: 1 NCR, 2 ED, 4 ET."""
    like = {ED: REGIONS[0], NCR: REGIONS[1], ET: REGIONS[2]}  # each as the region that it alone makes up
    colours: list[Colour | None] = [None] * (max(LABEL_NAMES) + 1)
    colours[0] = _BACKGROUND
    for value, name in LABEL_NAMES.items():
        colours[value] = (name, *like[value].colour, 1.0)
    return _table("labels", _("BraTS labels"), colours)


def region_colours(region: Region) -> Any:
    """The table of a region's own label map: 1 is inside."""
    colours = [_BACKGROUND, (region.name, *region.colour, 1.0)]
    return _table(f"region.{region.key}", _("{region} label").format(region=region.name), colours)


def probability_colours(region: Region) -> Any:
    """From clear black at 0 to the region's colour at 1."""
    red, green, blue = region.colour
    colours: list[Colour] = []
    for step in range(_STEPS):
        share = step / (_STEPS - 1)
        colours.append((f"{share:.2f}", red * share, green * share, blue * share, min(1.0, 2 * share)))
    return _table(f"probability.{region.key}", _("{region} probability").format(region=region.name), colours)


_BACKGROUND: Colour = ("background", 0.0, 0.0, 0.0, 0.0)


def _table(kind: str, name: str, colours: Sequence[Colour | None]) -> Any:
    for node in slicer.util.getNodesByClass("vtkMRMLColorTableNode"):
        if node.GetAttribute(_KIND) == kind:
            return node
    table = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLColorTableNode", name)
    table.SetAttribute(_KIND, kind)
    table.SetTypeToUser()
    table.SetNumberOfColors(len(colours))
    for index, colour in enumerate(colours):
        if colour is not None:
            table.SetColor(index, *colour)
    return table
