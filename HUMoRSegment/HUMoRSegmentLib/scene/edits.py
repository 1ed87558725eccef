"""Segments that the user changed: told by their fingerprints, and kept when a result is replaced."""

from __future__ import annotations

from typing import Any

import slicer
from slicer.i18n import tr as _

from humor.regions import REGION_KEYS

from .pieces import Piece
from .segments import FINGERPRINT, read_region, tag_of, write_image


def is_edited(segmentation: Any, key: str) -> bool:
    """Whether a region's segment holds voxels that were not written by HUMoR."""
    segment = segmentation.GetSegmentation().GetSegment(key)
    if segment is None:
        return False
    piece = read_region(segmentation, key)
    if piece is None:
        return True
    return piece.voxels > 0 and piece.fingerprint() != tag_of(segment, FINGERPRINT)


def edited_regions(segmentation: Any) -> list[str]:
    """The regions whose segments were changed by the user."""
    return [key for key in REGION_KEYS if is_edited(segmentation, key)]


def is_written(segmentation: Any, key: str, piece: Piece) -> bool:
    """Whether a segment was last written with just these voxels, whatever the user did since."""
    segment = segmentation.GetSegmentation().GetSegment(key)
    return segment is not None and tag_of(segment, FINGERPRINT) == piece.fingerprint()


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
    return _("Segments that you had edited were kept, hidden: {names}.").format(names=", ".join(names))


def _unused_name(content: Any, name: str) -> str:
    taken = {content.GetSegment(segment_id).GetName() for segment_id in content.GetSegmentIDs()}
    unused, number = name, 2
    while unused in taken:
        unused, number = f"{name} {number}", number + 1
    return unused
