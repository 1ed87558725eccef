"""What Slicer's window shows: our volumes in the slice views' layers, a place, a table, the Segment Editor.

Every slice view remembers on its own composite node what it showed before a volume of ours. So that
survives saving and loading the scene, and a view in which the user chose something else since is left
alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import slicer

from . import references
from .provenance import source_volume

_OURS = references.PREFIX + "Overlay"
_LAYERS = ("Foreground", "Label")


def show_in_layer(volume: Any, layer: str, opacity: float) -> None:
    """Put a volume into a layer of all slice views.

    Args:
        volume: the node.
        layer: ``Foreground`` or ``Label``.
        opacity: of the layer, 0 to 1.
    """
    volume.SetAttribute(_OURS, layer)
    for view in _views():
        if not _is_ours(_shown(view, layer)):
            _remember(view, layer)
        _set(view, layer, volume.GetID(), opacity)


def take_out_of_layers(volume: Any | None) -> None:
    """Show again what was there before the volume, in every view that still shows it."""
    if volume is None:
        return
    for view in _views():
        for layer in _LAYERS:
            if getattr(view, f"Get{layer}VolumeID")() == volume.GetID():
                before = view.GetNodeReference(_before(layer))
                opacity = float(view.GetAttribute(_before(layer)) or 0.0)
                _set(view, layer, before.GetID() if before is not None else None, opacity)
                view.SetNodeReferenceID(_before(layer), None)
                view.RemoveAttribute(_before(layer))


def hide_overlay(segmentation: Any) -> None:
    """Take both overlays of a result out of the slice views; they stay in the scene."""
    for role in (references.EXPERT_OVERLAY, references.DOMINANT_OVERLAY):
        take_out_of_layers(segmentation.GetNodeReference(role))


def _views() -> list[Any]:
    return list(slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode"))


def _remember(view: Any, layer: str) -> None:
    shown = _shown(view, layer)
    view.SetNodeReferenceID(_before(layer), shown.GetID() if shown is not None else None)
    view.SetAttribute(_before(layer), repr(getattr(view, f"Get{layer}Opacity")()))


def _shown(view: Any, layer: str) -> Any | None:
    identifier = getattr(view, f"Get{layer}VolumeID")()
    return slicer.mrmlScene.GetNodeByID(identifier) if identifier else None


def _is_ours(volume: Any | None) -> bool:
    return volume is not None and volume.GetAttribute(_OURS) is not None


def _set(view: Any, layer: str, identifier: str | None, opacity: float) -> None:
    modified = view.StartModify()
    try:
        getattr(view, f"Set{layer}VolumeID")(identifier)
        getattr(view, f"Set{layer}Opacity")(opacity)
    finally:
        view.EndModify(modified)


def _before(layer: str) -> str:
    return f"{references.PREFIX}{layer}Before"


def jump_to(ras: Sequence[float]) -> None:
    """Move all slice views to a point (world RAS, mm), with the point in their middle."""
    slice_node = slicer.vtkMRMLSliceNode
    slice_node.JumpAllSlices(slicer.mrmlScene, *ras, slice_node.CenteredJumpSlice)
    crosshair = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLCrosshairNode")
    if crosshair is not None:
        crosshair.SetCrosshairRAS(*ras)


def show_table(table: Any) -> None:
    """Show a table node beside the images."""
    slicer.app.layoutManager().setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpTableView)
    slicer.app.applicationLogic().GetSelectionNode().SetActiveTableID(table.GetID())
    slicer.app.applicationLogic().PropagateTableSelection()


def edit_segments(segmentation: Any) -> None:
    """Open the Segment Editor on a segmentation and the volume that it was made from."""
    slicer.util.selectModule("SegmentEditor")
    editor = slicer.modules.segmenteditor.widgetRepresentation().self().editor
    editor.setSegmentationNode(segmentation)
    volume = source_volume(segmentation)
    if volume is not None:
        editor.setSourceVolumeNode(volume)
