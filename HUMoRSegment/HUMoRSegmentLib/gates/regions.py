"""Points of the tumour, or of the brain, of a result in the scene."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import slicer

from humor.regions import REGION_KEYS
from humor.sequences import SEQUENCES

from ..scene import references
from .volumes import ijk_to_ras

TUMOUR, BRAIN, IMAGE = "tumour", "brain", "image"


class Points(NamedTuple):
    """Centres of voxels.

    Attributes:
        ras: ``[n, 3]`` in the segmentation's own coordinates, mm; at least one.
        within: ``tumour`` or ``brain``.
    """

    ras: np.ndarray
    within: str


def points_to_search(segmentation: Any) -> Points | None:
    """The whole tumour; without one, what is bright in the image that was segmented; else None."""
    tumour = _tumour(segmentation)
    if len(tumour):
        return Points(tumour, TUMOUR)
    brain = _bright(segmentation)
    return Points(brain, BRAIN) if len(brain) else None


def _tumour(segmentation: Any) -> np.ndarray:
    """Voxels ``[n, 3]`` of the segment of the whole tumour."""
    from vtkmodules.util.numpy_support import vtk_to_numpy
    from vtkmodules.vtkCommonMath import vtkMatrix4x4

    image, whole = slicer.vtkOrientedImageData(), REGION_KEYS[0]
    if segmentation.GetSegmentation().GetSegment(whole) is None:
        return np.empty((0, 3))
    if (
        not segmentation.GetBinaryLabelmapRepresentation(whole, image)
        or image.GetPointData().GetScalars() is None
    ):
        return np.empty((0, 3))
    mask = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(image.GetDimensions()[::-1]) != 0
    matrix = vtkMatrix4x4()
    image.GetImageToWorldMatrix(matrix)
    return _centres(mask, slicer.util.arrayFromVTKMatrix(matrix), image.GetExtent()[::2])


def _bright(segmentation: Any) -> np.ndarray:
    """Voxels ``[n, 3]`` of the segmented image that are brighter than its background."""
    from humor.study.brain import otsu_threshold

    volume = _image(segmentation)
    if volume is None or volume.GetImageData() is None:
        return np.empty((0, 3))
    values = slicer.util.arrayFromVolume(volume)
    if values.ndim != 3 or not values.size:
        return np.empty((0, 3))
    affine = ijk_to_ras(volume)
    return _centres(
        values > otsu_threshold(values), _to_segmentation(volume, segmentation) @ affine, (0, 0, 0)
    )


def _image(segmentation: Any) -> Any | None:
    role = type(segmentation).GetReferenceImageGeometryReferenceRole()
    roles = (role, *(references.INPUT + name for name in SEQUENCES))
    nodes = (segmentation.GetNodeReference(one) for one in roles)
    return next((node for node in nodes if node is not None), None)


def _to_segmentation(volume: Any, segmentation: Any) -> np.ndarray:
    """4×4 from a volume's own coordinates to the segmentation's (transforms that are not linear: none)."""
    from vtkmodules.vtkCommonMath import vtkMatrix4x4

    matrix = vtkMatrix4x4()
    slicer.vtkMRMLTransformNode.GetMatrixTransformBetweenNodes(
        volume.GetParentTransformNode(), segmentation.GetParentTransformNode(), matrix
    )
    return slicer.util.arrayFromVTKMatrix(matrix)


def _centres(mask: np.ndarray, affine: np.ndarray, first: tuple[int, ...]) -> np.ndarray:
    """RAS ``[n, 3]`` of the voxels of a mask ``[k, j, i]`` whose first has the index ``first``."""
    k, j, i = np.nonzero(mask)
    indices = np.stack([i, j, k], axis=1) + np.asarray(first)
    return indices @ affine[:3, :3].T + affine[:3, 3]
