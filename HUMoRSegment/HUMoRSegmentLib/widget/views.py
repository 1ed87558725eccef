"""Showing nodes elsewhere in Slicer's window: tables beside the images, the Segment Editor."""

from __future__ import annotations

from typing import Any

import slicer

from humor.sequences import SEQUENCES

from ..scene import references


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


def source_volume(segmentation: Any) -> Any | None:
    """The volume whose grid a segmentation has, or else the first that it was made from."""
    role = type(segmentation).GetReferenceImageGeometryReferenceRole()
    volume = segmentation.GetNodeReference(role)
    inputs = (segmentation.GetNodeReference(references.INPUT + name) for name in SEQUENCES)
    return volume or next((node for node in inputs if node is not None), None)
