"""A gate's weights on the grid on which they are shown."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import slicer

from .volumes import Gate

_PLACES = 2  # along each axis: a volume of one voxel has no extent for some of Slicer's tools


class ShownMap(NamedTuple):
    """Weights in the segmentation's own coordinates.

    Attributes:
        weights: ``[experts, k, j, i]``.
        affine: 4×4 from the index ``(i, j, k)`` to RAS in mm.
    """

    weights: np.ndarray
    affine: np.ndarray

    @property
    def shape(self) -> tuple[int, int, int]:
        """Places along i, j and k."""
        return tuple(self.weights.shape[:0:-1])  # type: ignore[return-value]

    def places(self, ras: np.ndarray) -> np.ndarray:
        """The indices ``(i, j, k)`` nearest to points ``[n, 3]``; they may lie beyond the map."""
        to_places = np.linalg.inv(self.affine)
        return np.rint(ras @ to_places[:3, :3].T + to_places[:3, 3]).astype(np.int64)


def shown_map(segmentation: Any, gate: Gate) -> ShownMap:
    """Where a gate's weights hold.

    A gate that decides once for the whole image has one place: its weights are given to a coarse grid
    over the image that was segmented.
    """
    weights = gate.weights()
    image = image_grid(segmentation) if weights[0].size == 1 else None
    if image is None:
        return ShownMap(weights, gate.affine())
    affine, shape = image
    size = np.asarray(shape, float)
    # From an index of the coarse grid to one of the image: both grids begin half a voxel before 0.
    coarse = np.diag([*(size / _PLACES), 1.0])
    coarse[:3, 3] = size / _PLACES / 2 - 0.5
    spread = np.broadcast_to(weights, (len(weights), _PLACES, _PLACES, _PLACES))
    return ShownMap(spread, affine @ coarse)


def image_grid(segmentation: Any) -> tuple[np.ndarray, tuple[int, int, int]] | None:
    """Affine (voxel index to RAS) and size of a segmentation's reference geometry; None without one."""
    from vtkmodules.vtkCommonMath import vtkMatrix4x4

    converter = slicer.vtkSegmentationConverter
    geometry = segmentation.GetSegmentation().GetConversionParameter(
        converter.GetReferenceImageGeometryParameterName()
    )
    image = slicer.vtkOrientedImageData()
    if not geometry or not converter.DeserializeImageGeometry(geometry, image, False):
        return None
    first, size = image.GetExtent()[::2], image.GetDimensions()
    if min(size) < 1:
        return None
    matrix = vtkMatrix4x4()
    image.GetImageToWorldMatrix(matrix)
    affine = slicer.util.arrayFromVTKMatrix(matrix)
    affine[:3, 3] += affine[:3, :3] @ first
    return affine, size
