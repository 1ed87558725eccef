"""WT, TC and ET as segments: writing, reading, counting, drawing, and keeping what the user edited."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import slicer
from slicer.i18n import tr as _

from humor.box import bounding_box
from humor.output.seg_nrrd import terminology
from humor.regions import REGION_KEYS, REGIONS, Region
from humor.study.grid import Grid

from . import references
from .geometry import image_grid, reference_grid, world_scale

FINGERPRINT = references.PREFIX + "Fingerprint"
"""Tag of a segment: of its voxels as they were written, so that edits can be told."""

_SAME_AXES = 1e-3
# Fill and outline in slice views, 0 to 1, and opacity in 3-D: what lies within others stays to be seen.
_OPACITIES = {"WT": (0.0, 1.0, 0.25), "TC": (0.2, 1.0, 0.45), "ET": (0.5, 1.0, 1.0)}
Index = tuple[int, int, int]


@dataclass(frozen=True)
class CroppedMask:
    """A mask without the empty space around it.

    Attributes:
        values: bool ``[k, j, i]``; of no voxels where the mask is empty.
        first: index ``(i, j, k)`` of the first voxel on the whole grid.
    """

    values: np.ndarray
    first: Index = (0, 0, 0)

    @staticmethod
    def of(mask: np.ndarray, first: Index = (0, 0, 0)) -> CroppedMask:
        """Cut a mask ``[k, j, i]``, whose own first voxel has the index ``first``, to its box."""
        box = bounding_box(mask)
        if box is None:
            return CroppedMask(np.zeros((0, 0, 0), bool))
        k, j, i = (int(part.start) for part in box)
        return CroppedMask(
            np.ascontiguousarray(mask[box], dtype=bool), (first[0] + i, first[1] + j, first[2] + k)
        )

    @property
    def voxels(self) -> int:
        """How many voxels are in the mask."""
        return int(np.count_nonzero(self.values))

    def fingerprint(self) -> str:
        """The same text for the same voxels at the same place, and another for others."""
        head = repr((self.first, self.values.shape)).encode("ascii")
        return hashlib.sha256(head + np.packbits(self.values).tobytes()).hexdigest()[:32]


def write_region(segmentation: Any, key: str, cropped: CroppedMask, grid: Grid) -> None:
    """Give a region's segment these voxels; it is made where there is none.

    Name, colour and display of a segment that is there are left as they are.

    Args:
        segmentation: the node.
        key: ``WT``, ``TC`` or ``ET``.
        cropped: the voxels.
        grid: what the indices of the mask count, in the segmentation's coordinates.

    Raises:
        RuntimeError: Slicer refuses the voxels.
    """
    content = segmentation.GetSegmentation()
    if content.GetSegment(key) is None:
        _add(segmentation, next(region for region in REGIONS if region.key == key))
    write_image(segmentation, key, oriented_image(cropped, grid))
    content.GetSegment(key).SetTag(FINGERPRINT, cropped.fingerprint())


def write_image(segmentation: Any, segment_id: str, image: Any) -> None:
    """Replace a segment's voxels; surfaces that are shown follow.

    Raises:
        RuntimeError: Slicer refuses the voxels.
    """
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    if not logic.SetBinaryLabelmapToSegment(image, segmentation, segment_id, logic.MODE_REPLACE):
        raise RuntimeError(f"Slicer could not store the segment {segment_id}.")


def oriented_image(cropped: CroppedMask, grid: Grid) -> Any:
    """A mask as Slicer stores segments; one voxel of nothing for an empty one."""
    from vtkmodules.util.numpy_support import vtk_to_numpy
    from vtkmodules.vtkCommonCore import VTK_UNSIGNED_CHAR

    values = cropped.values if cropped.values.size else np.zeros((1, 1, 1), bool)
    sizes = values.shape[::-1]
    extent = [
        bound for first, size in zip(cropped.first, sizes, strict=True) for bound in (first, first + size - 1)
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


def read_region(segmentation: Any, segment_id: str) -> CroppedMask | None:
    """A segment's voxels on the segmentation's reference grid; None if they lie on another one."""
    found = read_image(segmentation, segment_id)
    if found is None:
        return CroppedMask.of(np.zeros((1, 1, 1), bool))
    mask, grid = found
    reference = reference_grid(segmentation)
    to_reference = reference.index_of(grid) if reference is not None else np.eye(4)
    if np.abs(to_reference[:3, :3] - np.eye(3)).max() > _SAME_AXES:
        return None
    i, j, k = np.rint(to_reference[:3, 3]).astype(int)
    return CroppedMask.of(mask, (int(i), int(j), int(k)))


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


def is_edited(segmentation: Any, key: str) -> bool:
    """Whether a region's segment holds voxels that were not written by HUMoR."""
    segment = segmentation.GetSegmentation().GetSegment(key)
    if segment is None:
        return False
    cropped = read_region(segmentation, key)
    if cropped is None:
        return True
    return cropped.voxels > 0 and cropped.fingerprint() != tag_of(segment, FINGERPRINT)


def edited_regions(segmentation: Any) -> list[str]:
    """The regions whose segments were changed by the user."""
    return [key for key in REGION_KEYS if is_edited(segmentation, key)]


def is_written(segmentation: Any, key: str, cropped: CroppedMask) -> bool:
    """Whether a segment was last written with just these voxels, whatever the user did since."""
    segment = segmentation.GetSegmentation().GetSegment(key)
    return segment is not None and tag_of(segment, FINGERPRINT) == cropped.fingerprint()


def keep_edited(segmentation: Any, key: str) -> str:
    """Copy a region's segment into a hidden one if the user changed it.

    Returns:
        The copy's name; empty where there was nothing to keep.
    """
    if not is_edited(segmentation, key):
        return ""
    content, image = segmentation.GetSegmentation(), slicer.vtkOrientedImageData()
    original = content.GetSegment(key)
    segmentation.GetBinaryLabelmapRepresentation(key, image)
    name = _unused_name(content, _("{segment} (edited)").format(segment=original.GetName()))
    copy_id = content.GenerateUniqueSegmentID(f"{key}_edited")
    content.AddEmptySegment(copy_id, name, list(original.GetColor()))
    copy = content.GetSegment(copy_id)
    terms = copy.GetTerminologyEntryTagName()
    copy.SetTag(terms, tag_of(original, terms))
    write_image(segmentation, copy_id, image)
    if segmentation.GetDisplayNode() is not None:
        segmentation.GetDisplayNode().SetSegmentVisibility(copy_id, False)
    return name


def sentence_about_kept(names: list[str]) -> str:
    """What the user is told about copies; empty without any."""
    if not names:
        return ""
    return _("Segments that you had edited were kept as hidden copies: {names}.").format(
        names=", ".join(names)
    )


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


def _unused_name(content: Any, name: str) -> str:
    taken = {content.GetSegment(segment_id).GetName() for segment_id in content.GetSegmentIDs()}
    unused, number = name, 2
    while unused in taken:
        unused, number = f"{name} {number}", number + 1
    return unused
