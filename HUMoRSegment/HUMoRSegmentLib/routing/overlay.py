"""Gates as colours over the images: one expert's weight, or the expert that weighs most."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import slicer
from slicer.i18n import tr as _

from humor.errors import UsageError
from humor.output.report_sections import expert_colour

from ..scene import references
from ..scene.views import show_in_layer, take_out_of_layers
from .gates import fill_volume, find_gate, shown_map

OPACITY = 0.5
_WEIGHT_TABLE = references.PREFIX + "WeightColours"
_EXPERT_TABLE = references.PREFIX + "ExpertColours"
_STEPS = 256
# Matplotlib's "inferno" (CC0), read at equal distances: lightness grows evenly with the weight, also
# for eyes that see fewer colours. No weight is transparent: slice views know only all or nothing, and a
# bright tumour seen through a hole would look like a high weight.
_INFERNO = [
    *("000004", "160b39", "420a68", "6a176e", "932667", "bc3754"),
    *("dd513a", "f37819", "fca50a", "f6d746", "fcffa4"),
]
Colour = tuple[float, float, float]


def show_expert(
    segmentation: Any, gate: str, expert: str, opacity: float = OPACITY, smooth: bool = False
) -> Any:
    """Show how much one expert weighs, in the foreground of all slice views, with a legend.

    The same node is filled anew for every gate and expert of a result.

    Args:
        segmentation: the result.
        gate: the gate's name.
        expert: one of its experts.
        opacity: of the foreground, 0 to 1.
        smooth: interpolate between the places of the map; else they are seen as they were decided.

    Returns:
        The scalar volume node, 0 to 1.

    Raises:
        UsageError: there is no such gate or expert.
    """
    found = find_gate(segmentation, gate)
    if expert not in found.experts:
        raise UsageError(
            _('"{gate}" has no expert "{expert}". Its experts are {experts}.').format(
                gate=gate, expert=expert, experts=", ".join(found.experts)
            )
        )
    shown = shown_map(segmentation, found)
    take_out_of_layers(segmentation.GetNodeReference(references.DOMINANT_OVERLAY))
    name = _("{segmentation} expert weight")
    volume = _node(segmentation, references.EXPERT_OVERLAY, "vtkMRMLScalarVolumeNode", name)
    _set_display(volume.GetDisplayNode(), smooth)
    _fill(volume, segmentation, shown.weights[found.experts.index(expert)], shown.affine)
    show_in_layer(volume, "Foreground", opacity)
    _legend(volume, f"{gate}\n{expert}", names=False)
    return volume


def show_dominant(segmentation: Any, gate: str, opacity: float = OPACITY) -> Any:
    """Show which expert weighs most, in the label layer of all slice views, with a legend.

    Args:
        segmentation: the result.
        gate: the gate's name.
        opacity: of the label layer, 0 to 1.

    Returns:
        The label map node: 1 for the gate's first expert, 2 for the second, …

    Raises:
        UsageError: there is no such gate.
    """
    found = find_gate(segmentation, gate)
    shown = shown_map(segmentation, found)
    take_out_of_layers(segmentation.GetNodeReference(references.EXPERT_OVERLAY))
    name = _("{segmentation} dominant expert")
    volume = _node(segmentation, references.DOMINANT_OVERLAY, "vtkMRMLLabelMapVolumeNode", name)
    display = volume.GetDisplayNode()
    display.SetAndObserveColorNodeID(expert_colours(display.GetColorNode(), found.experts).GetID())
    _fill(volume, segmentation, dominant(shown.weights), shown.affine)
    show_in_layer(volume, "Label", opacity)
    _legend(volume, gate, names=True)
    return volume


def dominant(weights: np.ndarray) -> np.ndarray:
    """Number of the expert that weighs most, from 1, ``[k, j, i]`` (the first of several equals)."""
    number = np.uint8 if len(weights) < 256 else np.int16
    return (weights.argmax(axis=0) + 1).astype(number)


def _node(segmentation: Any, role: str, class_name: str, name: str) -> Any:
    """The result's overlay of a kind, made where there is none yet."""
    volume = segmentation.GetNodeReference(role)
    if volume is None:
        name = name.format(segmentation=segmentation.GetName())
        volume = slicer.mrmlScene.AddNewNodeByClass(class_name, name)
        segmentation.SetNodeReferenceID(role, volume.GetID())
    if volume.GetDisplayNode() is None:
        volume.CreateDefaultDisplayNodes()
    return volume


def _set_display(display: Any, smooth: bool) -> None:
    modified = display.StartModify()
    try:
        display.SetAndObserveColorNodeID(weight_colours().GetID())
        display.SetAutoWindowLevel(False)
        display.SetWindowLevelMinMax(0.0, 1.0)
        display.SetInterpolate(smooth)
    finally:
        display.EndModify(modified)


def _fill(volume: Any, segmentation: Any, values: np.ndarray, affine: np.ndarray) -> None:
    fill_volume(volume, values, affine)
    volume.SetAndObserveTransformNodeID(segmentation.GetTransformNodeID())


def _legend(volume: Any, title: str, names: bool) -> None:
    """A legend in the slice views, where Slicer has its Colors module.

    After the volume was put into their layers: Slicer draws it only for volumes that it shows already.
    """
    colors = getattr(slicer.modules, "colors", None)
    if colors is None:
        return
    legend = colors.logic().AddDefaultColorLegendDisplayNode(volume)
    if legend is None:
        return
    legend.SetTitleText(title)
    legend.SetUseColorNamesForLabels(names)
    legend.SetLabelFormat("%s" if names else "%.1f")
    legend.SetVisibility(True)


def weight_colours() -> Any:
    """The colour table for weights 0 to 1, one for all results of the scene."""
    for node in slicer.util.getNodesByClass("vtkMRMLColorTableNode"):
        if node.GetAttribute(_WEIGHT_TABLE):
            return node
    table = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLColorTableNode", _("Expert weight"))
    table.SetAttribute(_WEIGHT_TABLE, "1")
    _make_room(table, _STEPS)
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
        _make_room(table, len(experts) + 1)
        table.SetColor(0, _("None"), 0.0, 0.0, 0.0, 0.0)
        for index, name in enumerate(experts):
            table.SetColor(index + 1, name, *_rgb(expert_colour(index).lstrip("#")), 1.0)
    finally:
        table.EndModify(modified)
    return table


def _make_room(table: Any, count: int) -> None:
    table.SetTypeToUser()
    table.SetNumberOfColors(count)


def _rgb(digits: str) -> Colour:
    red, green, blue = bytes.fromhex(digits)
    return red / 255, green / 255, blue / 255
