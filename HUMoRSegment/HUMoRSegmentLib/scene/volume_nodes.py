"""Label maps and probabilities as volume nodes, filled anew when a result is updated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import slicer
from slicer.i18n import tr as _

from humor.regions import REGIONS, labels_to_regions

from . import references
from .colours import label_colours, probability_colours, region_colours
from .geometry import Seat
from .rollback import Rollback
from .run_output import Scaled

_LABEL_MAP, _SCALAR = "vtkMRMLLabelMapVolumeNode", "vtkMRMLScalarVolumeNode"


def show_label_map(segmentation: Any, labels: np.ndarray, seat: Seat, rollback: Rollback) -> Any:
    """The BraTS label map ``[k, j, i]`` as a node of the result."""
    name = _("{segmentation} BraTS labels").format(segmentation=segmentation.GetName())
    node = _node(segmentation, references.LABEL_MAP, _LABEL_MAP, name, rollback)
    set_voxels(node, labels, seat)
    _dress(node, label_colours)
    return node


def show_region_label_maps(segmentation: Any, labels: np.ndarray, seat: Seat, rollback: Rollback) -> None:
    """One label map for each region, 1 inside."""
    for region, mask in zip(REGIONS, labels_to_regions(labels), strict=True):
        name = _("{segmentation} {region} label map").format(
            segmentation=segmentation.GetName(), region=region.name
        )
        role = references.REGION_LABEL_MAP + region.key
        node = _node(segmentation, role, _LABEL_MAP, name, rollback)
        set_voxels(node, mask.view(np.uint8), seat)
        _dress(node, lambda region=region: region_colours(region))  # type: ignore[misc]


def show_probabilities(segmentation: Any, kept: Scaled, seat: Seat, rollback: Rollback) -> None:
    """The probability of each region, float32, 0 to 1."""
    for region, stored in zip(REGIONS, kept.stored, strict=True):
        name = _("{segmentation} {region} probability").format(
            segmentation=segmentation.GetName(), region=region.name
        )
        node = _node(segmentation, references.PROBABILITY + region.key, _SCALAR, name, rollback)
        set_voxels(node, stored, seat, np.float32, kept.slope)
        if _dress(node, lambda region=region: probability_colours(region)):  # type: ignore[misc]
            display = node.GetDisplayNode()
            display.SetAutoWindowLevel(False)
            display.SetWindowLevelMinMax(0.0, 1.0)


def refill_label_maps(segmentation: Any, labels: Callable[[], np.ndarray], seat: Seat) -> None:
    """Give the label maps that a result has other labels; nothing is computed where it has none.

    Args:
        segmentation: the result.
        labels: makes the BraTS label map ``[k, j, i]``.
        seat: of the label map.
    """
    whole = segmentation.GetNodeReference(references.LABEL_MAP)
    parts = [segmentation.GetNodeReference(references.REGION_LABEL_MAP + region.key) for region in REGIONS]
    if whole is None and not any(parts):
        return
    values = labels()
    if whole is not None:
        set_voxels(whole, values, seat)
    for node, mask in zip(parts, labels_to_regions(values), strict=True):
        if node is not None:
            set_voxels(node, mask.view(np.uint8), seat)


def set_voxels(
    node: Any, values: np.ndarray, seat: Seat, dtype: type = np.uint8, slope: float | None = None
) -> None:
    """Give a volume node other voxels and another place, as one change.

    They get memory of their own: whoever holds the image that was there before keeps it as it was.

    Args:
        node: the volume.
        values: ``[k, j, i]``.
        seat: of the same shape.
        dtype: type of the node's voxels.
        slope: what the values are multiplied by.

    Raises:
        ValueError: the array does not have the shape of the grid.
    """
    from vtkmodules.util.numpy_support import get_vtk_array_type, vtk_to_numpy
    from vtkmodules.vtkCommonDataModel import vtkImageData

    if values.shape != seat.grid.shape[::-1]:  # Slicer would take any
        raise ValueError(f"voxels of shape {values.shape} do not fit a grid of {seat.grid.shape}")
    image = vtkImageData()
    image.SetDimensions(*seat.grid.shape)
    image.AllocateScalars(get_vtk_array_type(dtype), 1)
    target = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(values.shape)
    if slope is None:
        target[:] = values
    else:
        np.multiply(values, np.asarray(slope, dtype), out=target)
    modified = node.StartModify()
    try:
        node.SetAndObserveImageData(image)
        node.SetIJKToRASMatrix(slicer.util.vtkMatrixFromArray(seat.grid.affine))
        node.SetAndObserveTransformNodeID(seat.transform.GetID() if seat.transform is not None else None)
    finally:
        node.EndModify(modified)


def _node(segmentation: Any, role: str, class_name: str, name: str, rollback: Rollback) -> Any:
    """The result's node of a role, made where there is none yet."""
    node = segmentation.GetNodeReference(role)
    if node is not None:
        rollback.keep(node)
        return node
    node = slicer.mrmlScene.AddNewNodeByClass(class_name, name)
    segmentation.SetNodeReferenceID(role, node.GetID())
    return node


def _dress(node: Any, colours: Callable[[], Any]) -> bool:
    """Give a node that is not displayed yet its colours; what the user chose stays."""
    if node.GetDisplayNode() is not None:
        return False
    node.CreateDefaultDisplayNodes()
    node.GetDisplayNode().SetAndObserveColorNodeID(colours().GetID())
    return True
