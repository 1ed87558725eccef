"""The segmentation node that takes a result: a new one, or that of an earlier run."""

from __future__ import annotations

from typing import Any

import slicer
from slicer.i18n import tr as _

from humor.regions import REGION_KEYS

from ..inputs.volume_node import moved_non_linearly
from .edits import edited_regions
from .geometry import Seat, reference_grid, seat_in


def obstacle(target: Any, seat: Seat) -> str:
    """Why a segmentation cannot take the result without harm to what else is in it, as a sentence.

    Empty if it can.
    """
    content, name = target.GetSegmentation(), target.GetName()
    if moved_non_linearly(target):
        return _(
            '"{segmentation}" is under a non-linear transform, so the result was added as a new one.'
        ).format(segmentation=name)
    if not content.GetNumberOfSegments():
        return ""
    if content.GetSourceRepresentationName() != _binary():
        return _(
            '"{segmentation}" is not stored as label maps, so the result was added as a new one.'
        ).format(segmentation=name)
    others = set(content.GetSegmentIDs()) - set(REGION_KEYS)
    grid = reference_grid(target)
    same = grid is None or grid.same_as(seat_in(target, seat).grid)
    if not same and (others or edited_regions(target)):
        return _(
            '"{segmentation}" has segments of yours on another grid than this result, so the result '
            "was added as a new one."
        ).format(segmentation=name)
    return ""


def new_segmentation(seat: Seat) -> Any:
    """An empty segmentation node under the transform of the volume, named after it."""
    volume = seat.reference
    name = _("{volume} tumour").format(volume=volume.GetName()) if volume is not None else _("Tumour")
    node = slicer.mrmlScene.AddNewNodeByClass(
        "vtkMRMLSegmentationNode", slicer.mrmlScene.GenerateUniqueName(name)
    )
    node.SetAndObserveTransformNodeID(seat.transform.GetID() if seat.transform is not None else None)
    return node


def make_ready(segmentation: Any) -> None:
    """Let a segmentation take label maps, and show it in the slice views where it has no display yet."""
    content = segmentation.GetSegmentation()
    if not content.GetNumberOfSegments():
        content.SetSourceRepresentationName(_binary())
    if segmentation.GetDisplayNode() is None:
        segmentation.CreateDefaultDisplayNodes()
        segmentation.GetDisplayNode().SetVisibility2D(True)


def _binary() -> str:
    return str(slicer.vtkSegmentationConverter.GetBinaryLabelmapRepresentationName())
