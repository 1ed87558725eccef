"""Gates as colours over the images: one expert's weight, or the expert that weighs most."""

from __future__ import annotations

from typing import Any

import numpy as np
import slicer
from slicer.i18n import tr as _

from humor.errors import UsageError

from . import layers
from .colours import expert_colours, weight_colours
from .shown_map import shown_map
from .volumes import fill_volume, find_gate

OPACITY = 0.5


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
            _("“{gate}” has no expert “{expert}”. Its experts are {experts}.").format(
                gate=gate, expert=expert, experts=", ".join(found.experts)
            )
        )
    shown = shown_map(segmentation, found)
    layers.take_away(segmentation.GetNodeReference(layers.DOMINANT_OVERLAY))
    name = _("{segmentation} expert weight")
    volume = _node(segmentation, layers.EXPERT_OVERLAY, "vtkMRMLScalarVolumeNode", name)
    _dress(volume.GetDisplayNode(), smooth)
    _fill(volume, segmentation, shown.weights[found.experts.index(expert)], shown.affine)
    layers.show(volume, "Foreground", opacity)
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
    layers.take_away(segmentation.GetNodeReference(layers.EXPERT_OVERLAY))
    name = _("{segmentation} dominant expert")
    volume = _node(segmentation, layers.DOMINANT_OVERLAY, "vtkMRMLLabelMapVolumeNode", name)
    display = volume.GetDisplayNode()
    display.SetAndObserveColorNodeID(expert_colours(display.GetColorNode(), found.experts).GetID())
    _fill(volume, segmentation, dominant(shown.weights), shown.affine)
    layers.show(volume, "Label", opacity)
    _legend(volume, gate, names=True)
    return volume


def hide_overlay(segmentation: Any) -> None:
    """Show again what the slice views showed before; nothing where no overlay is shown."""
    layers.clear(segmentation)


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


def _dress(display: Any, smooth: bool) -> None:
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
