"""Between the world and a segmentation that lies under a transform: its gates move with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import slicer

Point = tuple[float, float, float]
"""RAS in mm."""


def to_segmentation(segmentation: Any, ras: Sequence[float]) -> Point:
    """A point of the world in the segmentation's own coordinates."""
    return _between(None, segmentation.GetParentTransformNode(), ras)


def to_world(segmentation: Any, ras: Sequence[float]) -> Point:
    """A point in the segmentation's own coordinates, in the world."""
    return _between(segmentation.GetParentTransformNode(), None, ras)


def _between(source: Any | None, target: Any | None, ras: Sequence[float]) -> Point:
    r, a, s = (float(value) for value in ras)
    if source is target:
        return r, a, s
    from vtkmodules.vtkCommonTransforms import vtkGeneralTransform

    transform = vtkGeneralTransform()
    slicer.vtkMRMLTransformNode.GetTransformBetweenNodes(source, target, transform)
    return tuple(transform.TransformPoint(r, a, s))  # type: ignore[return-value]
