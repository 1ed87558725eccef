"""Where results lie: on the voxels of the reference volume, under the transform that it is under."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import slicer
from slicer.i18n import tr as _

from humor.errors import InputError
from humor.study.grid import Grid

from .volumes import moved_non_linearly, own_grid, world_grid

Point = tuple[float, float, float]
"""RAS in mm."""


@dataclass(frozen=True)
class Placement:
    """Where nodes of a result are put.

    Attributes:
        grid: for an index ``(i, j, k)``, in the nodes' own coordinates.
        transform: the nodes' parent transform, or None.
        reference: the volume that was segmented, if it is in the scene.
        warning: why the nodes do not lie on the reference's voxels, as a sentence; empty if they do.
    """

    grid: Grid
    transform: Any | None = None
    reference: Any | None = None
    warning: str = ""


def placement_of(world: Grid, reference: Any | None) -> Placement:
    """Where a result belongs.

    The engine saw the volume in the world. Where the volume still lies there, the result takes the
    volume's own voxels and transform, so that the two stay together when the transform is changed.

    Args:
        world: the result's grid in the world.
        reference: the volume on whose grid it is; None if it is not in the scene any more.
    """
    if reference is None:
        return Placement(world)
    try:
        still_there = world_grid(reference).same_as(world)
    except InputError:  # its image was taken away
        still_there = False
    if not still_there:
        return Placement(
            world,
            None,
            reference,
            _('"{volume}" was moved or changed during the run: the result lies where it was before.').format(
                volume=reference.GetName()
            ),
        )
    if moved_non_linearly(reference):
        return Placement(world, None, reference)
    return Placement(own_grid(reference), reference.GetParentTransformNode(), reference)


def placement_in(segmentation: Any, placement: Placement) -> Placement:
    """The same place in the coordinates of a segmentation whose transform must be linear."""
    transform = segmentation.GetParentTransformNode()
    if transform is placement.transform:
        return placement
    affine = matrix_between(placement.transform, transform) @ placement.grid.affine
    return Placement(Grid(placement.grid.shape, affine), transform, placement.reference, placement.warning)


def matrix_between(source: Any | None, target: Any | None) -> np.ndarray:
    """4×4 from coordinates under a linear transform to those under another; None is the world."""
    from vtkmodules.vtkCommonMath import vtkMatrix4x4

    matrix = vtkMatrix4x4()
    slicer.vtkMRMLTransformNode.GetMatrixTransformBetweenNodes(source, target, matrix)
    return slicer.util.arrayFromVTKMatrix(matrix)


def world_scale(node: Any) -> float:
    """By how much volumes grow from a node's own coordinates to the world's."""
    transform = node.GetParentTransformNode()
    if transform is None or not transform.IsTransformToWorldLinear():
        return 1.0
    return float(abs(np.linalg.det(matrix_between(transform, None)[:3, :3])))


def set_reference_geometry(segmentation: Any, placement: Placement) -> None:
    """Give a segmentation the grid on which it is edited and exported, and its source volume."""
    role = type(segmentation).GetReferenceImageGeometryReferenceRole()
    reference = placement.reference
    segmentation.SetNodeReferenceID(role, reference.GetID() if reference is not None else None)
    if reference is not None and not placement.warning and not moved_non_linearly(reference):
        segmentation.SetReferenceImageGeometryParameterFromVolumeNode(reference)
        return
    image = slicer.vtkOrientedImageData()
    image.SetExtent(*[bound for size in placement.grid.shape for bound in (0, size - 1)])
    image.SetGeometryFromImageToWorldMatrix(slicer.util.vtkMatrixFromArray(placement.grid.affine))
    converter = slicer.vtkSegmentationConverter
    segmentation.GetSegmentation().SetConversionParameter(
        converter.GetReferenceImageGeometryParameterName(), converter.SerializeImageGeometry(image)
    )


def reference_grid(segmentation: Any) -> Grid | None:
    """The grid on which a segmentation is edited, in its own coordinates; None if it has none."""
    converter = slicer.vtkSegmentationConverter
    text = segmentation.GetSegmentation().GetConversionParameter(
        converter.GetReferenceImageGeometryParameterName()
    )
    image = slicer.vtkOrientedImageData()
    if not text or not converter.DeserializeImageGeometry(text, image, False):
        return None
    return image_grid(image)


def image_grid(image: Any) -> Grid:
    """The grid of an oriented image, from its extent's first voxel on."""
    from vtkmodules.vtkCommonMath import vtkMatrix4x4

    matrix = vtkMatrix4x4()
    image.GetImageToWorldMatrix(matrix)
    i, j, k = (int(size) for size in image.GetDimensions())
    first = image.GetExtent()[::2]
    return Grid((i, j, k), slicer.util.arrayFromVTKMatrix(matrix)).crop(first, (i, j, k))


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
