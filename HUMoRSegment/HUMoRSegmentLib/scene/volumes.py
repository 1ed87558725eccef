"""What a scalar volume node holds, and where its voxels lie in the world."""

from __future__ import annotations

from typing import Any

import numpy as np
import slicer
import vtk
from slicer.i18n import tr as _

from humor.errors import InputError
from humor.study.grid import Grid
from humor.study.plausible import SMALLEST_AXIS


def title(node: Any) -> str:
    """The node's name as messages show it."""
    return f'"{node.GetName()}"'


def refusal(node: Any) -> str:
    """Why a node cannot be a sequence, with a remedy, as a sentence; empty if it can.

    Only what can be told without looking at the voxels.
    """
    if not node.IsA("vtkMRMLScalarVolumeNode"):
        return _("{node} is not a volume. Choose a scalar volume.").format(node=title(node))
    if node.IsA("vtkMRMLLabelMapVolumeNode"):
        return _("{node} is a label map, not an MRI. Choose the image itself.").format(node=title(node))
    image = node.GetImageData()
    if image is None or image.GetPointData().GetScalars() is None or 0 in image.GetDimensions():
        return _("{node} has no image data. Load it again, or choose another volume.").format(
            node=title(node)
        )
    if node.IsA("vtkMRMLTensorVolumeNode") or image.GetNumberOfScalarComponents() != 1:
        return _(
            "{node} has several values in a voxel (colours, directions or tensors). "
            "Choose a grey-scale volume."
        ).format(node=title(node))
    if min(image.GetDimensions()) < SMALLEST_AXIS:
        return _(
            "{node} is too thin: {size} voxels, at least {least} are needed along every axis. "
            "Choose the whole 3-D sequence."
        ).format(node=title(node), size=" × ".join(map(str, image.GetDimensions())), least=SMALLEST_AXIS)
    return ""


def value_refusal(node: Any, data: np.ndarray) -> str:
    """Why the voxels of a node are no image, as a sentence; empty if they are one."""
    low, high = data.min(), data.max()  # either is NaN if any voxel is
    if np.isinf(low) or np.isinf(high):
        return _("{node} has infinite values. Clip them, or load it again.").format(node=title(node))
    if np.isnan(low):
        low, high = np.fmin.reduce(data, axis=None), np.fmax.reduce(data, axis=None)
    if low == high or np.isnan(low):
        return _("{node} has the same value everywhere: there is no image in it. Leave it out.").format(
            node=title(node)
        )
    return ""


def voxels(node: Any) -> np.ndarray:
    """The voxels ``[k, j, i]``, not copied and not to be written to."""
    return slicer.util.arrayFromVolume(node)


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
    if problem := refusal(node):
        raise InputError(problem)
    if moved_non_linearly(node):
        return world_grid(in_world(node))
    grid = own_grid(node)
    affine = grid.affine
    if (transform := node.GetParentTransformNode()) is not None:
        matrix = vtk.vtkMatrix4x4()
        transform.GetMatrixTransformToWorld(matrix)
        affine = _array(matrix) @ affine
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
    return Grid((int(shape[0]), int(shape[1]), int(shape[2])), _array(matrix))


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


def _array(matrix: Any) -> np.ndarray:
    return np.array([[matrix.GetElement(row, column) for column in range(4)] for row in range(4)])
