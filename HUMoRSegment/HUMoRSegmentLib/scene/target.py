"""The segmentation node that takes a result, new or of an earlier run, and its place in the hierarchy."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import slicer
from slicer.i18n import tr as _

from humor.regions import REGION_KEYS

from . import references
from .geometry import Placement, moved_non_linearly, placement_in, reference_grid
from .rollback import Rollback
from .segments import edited_regions

VOLUME_ROLES = (
    references.LABEL_MAP,
    *(references.REGION_LABEL_MAP + key for key in REGION_KEYS),
    *(references.PROBABILITY + key for key in REGION_KEYS),
)
"""References to label maps and probabilities."""
_FOLDER = references.PREFIX + "Folder"
_NO_ITEM = 0  # Slicer's invalid item


def obstacle(target: Any, placement: Placement) -> str:
    """Why a segmentation cannot take the result without harm to what else is in it, as a sentence.

    Empty if it can.
    """
    content, name = target.GetSegmentation(), target.GetName()
    if moved_non_linearly(target):
        return _(
            '"{segmentation}" is under a non-linear transform, so the result was added as a new one.'
        ).format(segmentation=name)
    if not content.GetNumberOfSegments():
        return ""
    if content.GetSourceRepresentationName() != _binary():
        return _(
            '"{segmentation}" is not stored as label maps, so the result was added as a new one.'
        ).format(segmentation=name)
    others = set(content.GetSegmentIDs()) - set(REGION_KEYS)
    grid = reference_grid(target)
    same = grid is None or grid.same_as(placement_in(target, placement).grid)
    if not same and (others or edited_regions(target)):
        return _(
            '"{segmentation}" has segments of yours on another grid than this result, so the result '
            "was added as a new one."
        ).format(segmentation=name)
    return ""


def new_segmentation(placement: Placement) -> Any:
    """An empty segmentation node under the transform of the volume, named after it."""
    volume = placement.reference
    name = _("{volume} tumour").format(volume=volume.GetName()) if volume is not None else _("Tumour")
    node = slicer.mrmlScene.AddNewNodeByClass(
        "vtkMRMLSegmentationNode", slicer.mrmlScene.GenerateUniqueName(name)
    )
    node.SetAndObserveTransformNodeID(
        placement.transform.GetID() if placement.transform is not None else None
    )
    return node


def make_ready(segmentation: Any) -> None:
    """Let a segmentation take label maps, and show it in the slice views where it has no display yet."""
    content = segmentation.GetSegmentation()
    if not content.GetNumberOfSegments():
        content.SetSourceRepresentationName(_binary())
    if segmentation.GetDisplayNode() is None:
        segmentation.CreateDefaultDisplayNodes()
        segmentation.GetDisplayNode().SetVisibility2D(True)


def set_aside(segmentation: Any, wanted: Collection[str], has_gates: bool, rollback: Rollback) -> list[Any]:
    """Unhook what the next run will not fill; its tables are kept in mind to be filled anew.

    The comparison of sequences explains the earlier run. It stays in the scene, and its name says so.

    Args:
        segmentation: the result.
        wanted: references to label maps and probabilities that are filled again.
        has_gates: whether the next run has a record of experts.
        rollback: undoes this if the next result cannot be shown.

    Returns:
        The nodes to be removed once the next result is there.
    """
    roles = [role for role in VOLUME_ROLES if role not in wanted]
    roles += [references.GATE] if has_gates else [references.GATE, references.GATE_TABLE]
    stale = []
    for role in roles:
        count = segmentation.GetNumberOfNodeReferences(role)
        nodes = [segmentation.GetNthNodeReference(role, index) for index in range(count)]
        stale += [node for node in nodes if node is not None]
        segmentation.RemoveNodeReferenceIDs(role)
    for role in (references.VOLUME_TABLE, references.GATE_TABLE):
        rollback.keep(segmentation.GetNodeReference(role))
    comparison = segmentation.GetNodeReference(references.INFLUENCE_TABLE)
    if comparison is not None:
        rollback.keep(comparison)
        comparison.SetName(_("{table} (earlier run)").format(table=comparison.GetName()))
        segmentation.RemoveNodeReferenceIDs(references.INFLUENCE_TABLE)
    return stale


def put_in_hierarchy(
    segmentation: Any, reference: Any | None, related: Sequence[Any], rollback: Rollback
) -> None:
    """Put a result where its volume is, and what belongs to it into a folder beside it.

    A node that is in the hierarchy under something else than the scene was put there by the user, or by
    an earlier run, and stays. Slicer makes items itself when nodes are added; outside of it they are
    made here.

    Args:
        segmentation: the result.
        reference: the volume that was segmented, if it is in the scene.
        related: tables, label maps, probabilities, ...; hidden ones are left out.
        rollback: removes the folder again, should the result fail to be shown.
    """
    hierarchy = slicer.mrmlScene.GetSubjectHierarchyNode()
    if hierarchy is None:
        return
    item = _item(hierarchy, segmentation)
    if _is_loose(hierarchy, item) and reference is not None:
        hierarchy.SetItemParent(item, _parent_item(hierarchy, _item(hierarchy, reference)))
    shown = {node.GetID(): _item(hierarchy, node) for node in related if not node.GetHideFromEditors()}
    loose = [one for one in shown.values() if _is_loose(hierarchy, one)]
    if not loose:
        return
    folder = _details_folder(hierarchy, list(shown.values()))
    if folder == _NO_ITEM:
        name = _("{segmentation} details").format(segmentation=segmentation.GetName())
        folder = hierarchy.CreateFolderItem(_parent_item(hierarchy, item), name)
        hierarchy.SetItemAttribute(folder, _FOLDER, "1")
        hierarchy.SetItemExpanded(folder, False)
        rollback.afterwards(lambda: hierarchy.RemoveItem(folder, False, False))
    for one in loose:
        hierarchy.SetItemParent(one, folder)


def put_beside(node: Any, neighbour: Any) -> None:
    """Put a new node where another one is."""
    hierarchy = slicer.mrmlScene.GetSubjectHierarchyNode()
    if hierarchy is not None:
        hierarchy.SetItemParent(_item(hierarchy, node), _parent_item(hierarchy, _item(hierarchy, neighbour)))


def _item(hierarchy: Any, node: Any) -> int:
    item = hierarchy.GetItemByDataNode(node)
    return int(item or hierarchy.CreateItem(hierarchy.GetSceneItemID(), node))


def _parent_item(hierarchy: Any, item: int) -> int:
    return int(hierarchy.GetItemParent(item) or hierarchy.GetSceneItemID())


def _is_loose(hierarchy: Any, item: int) -> bool:
    return _parent_item(hierarchy, item) == hierarchy.GetSceneItemID()


def _details_folder(hierarchy: Any, items: Sequence[int]) -> int:
    """The folder that was made for an earlier run of the same result."""
    for item in items:
        parent = _parent_item(hierarchy, item)
        if parent != hierarchy.GetSceneItemID() and hierarchy.GetItemAttribute(parent, _FOLDER):
            return parent
    return _NO_ITEM


def _binary() -> str:
    return str(slicer.vtkSegmentationConverter.GetBinaryLabelmapRepresentationName())
