"""Where voxels lie: those of volumes in the world, and those of results on the volume that was segmented."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import slicer
import vtk
from slicer.i18n import tr as _

from humor.errors import InputError
from humor.study.grid import Grid

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


def title(node: Any) -> str:
    """The node's name as messages show it."""
    return f'"{node.GetName()}"'


def missing_image(node: Any) -> str:
    """Why a volume node has no voxels, with a remedy, as a sentence; empty if it has."""
    image = node.GetImageData()
    if image is None or image.GetPointData().GetScalars() is None or 0 in image.GetDimensions():
        return _("{node} has no image data. Load it again, or choose another volume.").format(
            node=title(node)
        )
    return ""


def moved_non_linearly(node: Any) -> bool:
    """Whether a transform bends the volume, so that only resampling brings it to the world."""
    transform = node.GetParentTransformNode()
    return transform is not None and not transform.IsTransformToWorldLinear()


def world_grid(node: Any) -> Grid:
    """Where the voxels ``[i, j, k]`` of a volume lie in the world, its parent transforms applied.

    Under a non-linear transform this is the grid onto which Slicer resamples the volume, which
    takes as long as hardening the transform does.

    Raises:
        InputError: there is no image, or its transforms flatten it.
    """
    if problem := missing_image(node):
        raise InputError(problem)
    if moved_non_linearly(node):
        return world_grid(in_world(node))
    grid = own_grid(node)
    affine = matrix_between(node.GetParentTransformNode(), None) @ grid.affine
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    if not np.isfinite(affine).all() or abs(np.linalg.det(affine[:3, :3])) <= 1e-6 * spacing.prod():
        raise InputError(
            _(
                "{node} has no valid geometry: its voxel axes or its transform are singular. "
                "Correct its transform, or load it again."
            ).format(node=title(node))
        )
    return Grid(grid.shape, affine)


def own_grid(node: Any) -> Grid:
    """Where the voxels ``[i, j, k]`` lie without the volume's parent transforms."""
    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(matrix)
    shape = node.GetImageData().GetDimensions()
    return Grid((int(shape[0]), int(shape[1]), int(shape[2])), slicer.util.arrayFromVTKMatrix(matrix))


def in_world(node: Any) -> Any:
    """A copy of the volume with its transforms hardened, in no scene.

    It is made in a scene of its own, so that the user's is not touched, nobody gets to see the
    copy, and nothing of it stays, whatever happens.
    """
    scene, matrix, image, move = (
        slicer.vtkMRMLScene(),
        vtk.vtkMatrix4x4(),
        vtk.vtkImageData(),
        vtk.vtkGeneralTransform(),
    )
    node.GetIJKToRASMatrix(matrix)
    image.ShallowCopy(node.GetImageData())
    node.GetParentTransformNode().GetTransformToWorld(move)
    copy = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", node.GetName())
    copy.SetIJKToRASMatrix(matrix)
    copy.SetAndObserveImageData(image)
    transform = scene.AddNewNodeByClass("vtkMRMLTransformNode")
    transform.SetAndObserveTransformToParent(move)
    copy.SetAndObserveTransformNodeID(transform.GetID())
    copy.HardenTransform()
    scene.RemoveNode(copy)
    return copy


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
    matrix = vtk.vtkMatrix4x4()
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
    matrix = vtk.vtkMatrix4x4()
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
    transform = vtk.vtkGeneralTransform()
    slicer.vtkMRMLTransformNode.GetTransformBetweenNodes(source, target, transform)
    return tuple(transform.TransformPoint(r, a, s))  # type: ignore[return-value]
