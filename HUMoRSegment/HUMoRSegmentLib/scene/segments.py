"""WT, TC and ET as segments: writing, reading, counting, and how they are drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import slicer

from humor.output.seg_nrrd import terminology
from humor.regions import REGION_KEYS, REGIONS, Region
from humor.study.grid import Grid

from . import references
from .geometry import image_grid, reference_grid, world_scale
from .pieces import Piece

FINGERPRINT = references.PREFIX + "Fingerprint"
"""Tag of a segment: of its voxels as they were written, so that edits can be told."""

_SAME_AXES = 1e-3
# Fill and outline in slice views, 0 to 1, and opacity in 3-D: what lies within others stays to be seen.
_OPACITIES = {"WT": (0.0, 1.0, 0.25), "TC": (0.2, 1.0, 0.45), "ET": (0.5, 1.0, 1.0)}


def write_region(segmentation: Any, key: str, piece: Piece, grid: Grid) -> None:
    """Give a region's segment these voxels; it is made where there is none.

    Name, colour and display of a segment that is there are left as they are.

    Args:
        segmentation: the node.
        key: ``WT``, ``TC`` or ``ET``.
        piece: the voxels.
        grid: what the piece's indices count, in the segmentation's coordinates.

    Raises:
        RuntimeError: Slicer refuses the voxels.
    """
    content = segmentation.GetSegmentation()
    if content.GetSegment(key) is None:
        _add(segmentation, next(region for region in REGIONS if region.key == key))
    write_image(segmentation, key, oriented_image(piece, grid))
    content.GetSegment(key).SetTag(FINGERPRINT, piece.fingerprint())


def write_image(segmentation: Any, segment_id: str, image: Any) -> None:
    """Replace a segment's voxels; surfaces that are shown follow.

    Raises:
        RuntimeError: Slicer refuses the voxels.
    """
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    if not logic.SetBinaryLabelmapToSegment(image, segmentation, segment_id, logic.MODE_REPLACE):
        raise RuntimeError(f"Slicer could not store the segment {segment_id}.")


def oriented_image(piece: Piece, grid: Grid) -> Any:
    """A piece as Slicer stores segments; one voxel of nothing for an empty one."""
    from vtkmodules.util.numpy_support import vtk_to_numpy
    from vtkmodules.vtkCommonCore import VTK_UNSIGNED_CHAR

    values = piece.values if piece.values.size else np.zeros((1, 1, 1), bool)
    sizes = values.shape[::-1]
    extent = [
        bound for first, size in zip(piece.first, sizes, strict=True) for bound in (first, first + size - 1)
    ]
    image = slicer.vtkOrientedImageData()
    image.SetExtent(*extent)
    image.AllocateScalars(VTK_UNSIGNED_CHAR, 1)
    vtk_to_numpy(image.GetPointData().GetScalars()).reshape(values.shape)[:] = values
    image.SetGeometryFromImageToWorldMatrix(slicer.util.vtkMatrixFromArray(grid.affine))
    return image


def read_image(segmentation: Any, segment_id: str) -> tuple[np.ndarray, Grid] | None:
    """A segment's voxels (bool ``[k, j, i]``) and where they lie; None where it has none."""
    from vtkmodules.util.numpy_support import vtk_to_numpy

    image = slicer.vtkOrientedImageData()
    if segmentation.GetSegmentation().GetSegment(segment_id) is None:
        return None
    if not segmentation.GetBinaryLabelmapRepresentation(segment_id, image):
        return None
    scalars = image.GetPointData().GetScalars()
    if scalars is None or not scalars.GetNumberOfTuples():
        return None
    mask = vtk_to_numpy(scalars).reshape(image.GetDimensions()[::-1]) != 0
    return mask, image_grid(image)


def read_region(segmentation: Any, segment_id: str) -> Piece | None:
    """A segment's voxels on the segmentation's reference grid; None if they lie on another one."""
    found = read_image(segmentation, segment_id)
    if found is None:
        return Piece.of(np.zeros((1, 1, 1), bool))
    mask, grid = found
    reference = reference_grid(segmentation)
    to_reference = reference.index_of(grid) if reference is not None else np.eye(4)
    if np.abs(to_reference[:3, :3] - np.eye(3)).max() > _SAME_AXES:
        return None
    i, j, k = np.rint(to_reference[:3, 3]).astype(int)
    return Piece.of(mask, (int(i), int(j), int(k)))


def volumes_ml(segmentation: Any) -> dict[str, float]:
    """Region → volume in ml in the world, counted in the segments as they are now.

    A region whose segment was removed is left out.
    """
    volumes = {}
    for key in REGION_KEYS:
        if segmentation.GetSegmentation().GetSegment(key) is None:
            continue
        found = read_image(segmentation, key)
        voxels = 0.0 if found is None else np.count_nonzero(found[0]) * found[1].voxel_ml
        volumes[key] = float(voxels) * world_scale(segmentation)
    return volumes


def tag_of(segment: Any, name: str) -> str:
    """A segment's tag; empty if it has none."""
    from vtkmodules.vtkCommonCore import reference

    value = reference("")
    return str(value) if segment.GetTag(name, value) else ""


def _add(segmentation: Any, region: Region) -> None:
    content = segmentation.GetSegmentation()
    content.AddEmptySegment(region.key, region.name, list(region.colour))
    segment = content.GetSegment(region.key)
    segment.SetTag(segment.GetTerminologyEntryTagName(), terminology(region))
    fill, outline, solid = _OPACITIES[region.key]
    display = segmentation.GetDisplayNode()
    display.SetSegmentVisibility2DFill(region.key, fill > 0.0)
    display.SetSegmentOpacity2DFill(region.key, fill or 1.0)
    display.SetSegmentOpacity2DOutline(region.key, outline)
    display.SetSegmentOpacity3D(region.key, solid)
