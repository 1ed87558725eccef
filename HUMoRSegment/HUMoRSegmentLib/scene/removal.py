"""Taking nodes out of the scene without leaving anything of them."""

from __future__ import annotations

from typing import Any

import slicer


def remove(node: Any | None) -> None:
    """Remove a node with its display and storage nodes and its item in the subject hierarchy."""
    scene = slicer.mrmlScene
    if node is None or not scene.IsNodePresent(node):
        return
    hierarchy = scene.GetSubjectHierarchyNode()
    item = hierarchy.GetItemByDataNode(node) if hierarchy is not None else 0
    if item:
        hierarchy.RemoveItem(item, False, False)
    belongings = []
    if node.IsA("vtkMRMLDisplayableNode"):
        belongings += [node.GetNthDisplayNode(index) for index in range(node.GetNumberOfDisplayNodes())]
    if node.IsA("vtkMRMLStorableNode"):
        belongings.append(node.GetStorageNode())
    scene.RemoveNode(node)
    for other in belongings:
        if other is not None and scene.IsNodePresent(other):
            scene.RemoveNode(other)
