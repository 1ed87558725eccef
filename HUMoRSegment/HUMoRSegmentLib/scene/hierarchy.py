"""A result's place in the subject hierarchy: with the patient, its further nodes in one folder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import slicer
from slicer.i18n import tr as _

from . import references
from .rollback import Rollback

_FOLDER = references.PREFIX + "Folder"
_NOWHERE = 0  # Slicer's invalid item


def place(segmentation: Any, reference: Any | None, related: Sequence[Any], rollback: Rollback) -> None:
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
        hierarchy.SetItemParent(item, _parent(hierarchy, _item(hierarchy, reference)))
    shown = {node.GetID(): _item(hierarchy, node) for node in related if not node.GetHideFromEditors()}
    loose = [one for one in shown.values() if _is_loose(hierarchy, one)]
    if not loose:
        return
    folder = _folder(hierarchy, list(shown.values()))
    if folder == _NOWHERE:
        name = _("{segmentation} details").format(segmentation=segmentation.GetName())
        folder = hierarchy.CreateFolderItem(_parent(hierarchy, item), name)
        hierarchy.SetItemAttribute(folder, _FOLDER, "1")
        hierarchy.SetItemExpanded(folder, False)
        rollback.afterwards(lambda: hierarchy.RemoveItem(folder, False, False))
    for one in loose:
        hierarchy.SetItemParent(one, folder)


def place_beside(node: Any, neighbour: Any) -> None:
    """Put a new node where another one is."""
    hierarchy = slicer.mrmlScene.GetSubjectHierarchyNode()
    if hierarchy is not None:
        hierarchy.SetItemParent(_item(hierarchy, node), _parent(hierarchy, _item(hierarchy, neighbour)))


def _item(hierarchy: Any, node: Any) -> int:
    item = hierarchy.GetItemByDataNode(node)
    return int(item or hierarchy.CreateItem(hierarchy.GetSceneItemID(), node))


def _parent(hierarchy: Any, item: int) -> int:
    return int(hierarchy.GetItemParent(item) or hierarchy.GetSceneItemID())


def _is_loose(hierarchy: Any, item: int) -> bool:
    return _parent(hierarchy, item) == hierarchy.GetSceneItemID()


def _folder(hierarchy: Any, items: Sequence[int]) -> int:
    """The folder that was made for an earlier run of the same result."""
    for item in items:
        parent = _parent(hierarchy, item)
        if parent != hierarchy.GetSceneItemID() and hierarchy.GetItemAttribute(parent, _FOLDER):
            return parent
    return _NOWHERE
