"""Label maps and probabilities as volume nodes with their colours, filled anew when a result is updated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import slicer
from slicer.i18n import tr as _

from humor.regions import ED, ET, LABEL_NAMES, NCR, REGIONS, Region, labels_to_regions

from . import references
from .geometry import Placement
from .rollback import Rollback
from .run_output import Scaled

_LABEL_MAP, _SCALAR = "vtkMRMLLabelMapVolumeNode", "vtkMRMLScalarVolumeNode"
_KIND = references.PREFIX + "Colours"
_STEPS = 256
Colour = tuple[str, float, float, float, float]
"""Name, red, green, blue, opacity."""
_BACKGROUND: Colour = ("background", 0.0, 0.0, 0.0, 0.0)


def show_label_map(segmentation: Any, labels: np.ndarray, placement: Placement, rollback: Rollback) -> Any:
    """The BraTS label map ``[k, j, i]`` as a node of the result."""
    name = _("{segmentation} BraTS labels").format(segmentation=segmentation.GetName())
    node = _node(segmentation, references.LABEL_MAP, _LABEL_MAP, name, rollback)
    set_voxels(node, labels, placement)
    _set_display(node, label_colours)
    return node


def show_region_label_maps(
    segmentation: Any, labels: np.ndarray, placement: Placement, rollback: Rollback
) -> None:
    """One label map for each region, 1 inside."""
    for region, mask in zip(REGIONS, labels_to_regions(labels), strict=True):
        name = _("{segmentation} {region} label map").format(
            segmentation=segmentation.GetName(), region=region.name
        )
        role = references.REGION_LABEL_MAP + region.key
        node = _node(segmentation, role, _LABEL_MAP, name, rollback)
        set_voxels(node, mask.view(np.uint8), placement)
        _set_display(node, lambda region=region: region_colours(region))  # type: ignore[misc]


def show_probabilities(segmentation: Any, kept: Scaled, placement: Placement, rollback: Rollback) -> None:
    """The probability of each region, float32, 0 to 1."""
    for region, stored in zip(REGIONS, kept.stored, strict=True):
        name = _("{segmentation} {region} probability").format(
            segmentation=segmentation.GetName(), region=region.name
        )
        node = _node(segmentation, references.PROBABILITY + region.key, _SCALAR, name, rollback)
        set_voxels(node, stored, placement, np.float32, kept.slope)
        if _set_display(node, lambda region=region: probability_colours(region)):  # type: ignore[misc]
            display = node.GetDisplayNode()
            display.SetAutoWindowLevel(False)
            display.SetWindowLevelMinMax(0.0, 1.0)


def refill_label_maps(segmentation: Any, labels: Callable[[], np.ndarray], placement: Placement) -> None:
    """Give the label maps that a result has other labels; nothing is computed where it has none.

    Args:
        segmentation: the result.
        labels: makes the BraTS label map ``[k, j, i]``.
        placement: of the label map.
    """
    whole = segmentation.GetNodeReference(references.LABEL_MAP)
    parts = [segmentation.GetNodeReference(references.REGION_LABEL_MAP + region.key) for region in REGIONS]
    if whole is None and not any(parts):
        return
    values = labels()
    if whole is not None:
        set_voxels(whole, values, placement)
    for node, mask in zip(parts, labels_to_regions(values), strict=True):
        if node is not None:
            set_voxels(node, mask.view(np.uint8), placement)


def set_voxels(
    node: Any, values: np.ndarray, placement: Placement, dtype: type = np.uint8, slope: float | None = None
) -> None:
    """Give a volume node other voxels and another place, as one change.

    They get memory of their own: whoever holds the image that was there before keeps it as it was.

    Args:
        node: the volume.
        values: ``[k, j, i]``.
        placement: of the same shape.
        dtype: type of the node's voxels.
        slope: what the values are multiplied by.

    Raises:
        ValueError: the array does not have the shape of the grid.
    """
    from vtkmodules.util.numpy_support import get_vtk_array_type, vtk_to_numpy
    from vtkmodules.vtkCommonDataModel import vtkImageData

    if values.shape != placement.grid.shape[::-1]:  # Slicer would take any
        raise ValueError(f"voxels of shape {values.shape} do not fit a grid of {placement.grid.shape}")
    image = vtkImageData()
    image.SetDimensions(*placement.grid.shape)
    image.AllocateScalars(get_vtk_array_type(dtype), 1)
    target = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(values.shape)
    if slope is None:
        target[:] = values
    else:
        np.multiply(values, np.asarray(slope, dtype), out=target)
    modified = node.StartModify()
    try:
        node.SetAndObserveImageData(image)
        node.SetIJKToRASMatrix(slicer.util.vtkMatrixFromArray(placement.grid.affine))
        node.SetAndObserveTransformNodeID(
            placement.transform.GetID() if placement.transform is not None else None
        )
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


def _set_display(node: Any, colours: Callable[[], Any]) -> bool:
    """Give a node that is not displayed yet its colours; what the user chose stays."""
    if node.GetDisplayNode() is not None:
        return False
    node.CreateDefaultDisplayNodes()
    node.GetDisplayNode().SetAndObserveColorNodeID(colours().GetID())
    return True


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
