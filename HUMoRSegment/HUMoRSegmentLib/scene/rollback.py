"""All or nothing: if a result cannot be shown, the scene is as it was before."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any

import slicer


class Rollback:
    """One change of the scene, in which views are drawn once.

    ::

        with Rollback() as rollback:
            rollback.keep(node)      # before it is changed
            ...                      # an exception undoes all, and new nodes go away again
    """

    def __init__(self) -> None:
        self._scene = slicer.mrmlScene
        self._undo: list[Callable[[], Any]] = []
        self._afterwards: list[Callable[[], Any]] = []
        self._before: set[str] = set()

    def __enter__(self) -> Rollback:
        self._before = {node.GetID() for node in self._nodes()}
        self._scene.SaveStateForUndo()
        self._scene.StartState(slicer.vtkMRMLScene.BatchProcessState)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is not None:
                self._restore()
        finally:
            self._scene.EndState(slicer.vtkMRMLScene.BatchProcessState)

    def keep(self, node: Any | None) -> None:
        """Remember a segmentation, volume or table as it is now."""
        if node is None:
            return
        if node.IsA("vtkMRMLSegmentationNode"):
            self._undo += [_kept_references(node), _kept_segments(node)]
        elif node.IsA("vtkMRMLVolumeNode"):
            self._undo.append(_kept_image(node))
        elif node.IsA("vtkMRMLTableNode"):
            self._undo.append(_kept_table(node))
        self._undo.append(_kept_attributes(node))

    def afterwards(self, undo: Callable[[], Any]) -> None:
        """Also do this, after the new nodes are gone, if the change is undone."""
        self._afterwards.append(undo)

    def _restore(self) -> None:
        for undo in reversed(self._undo):
            undo()
        for node in reversed([node for node in self._nodes() if node.GetID() not in self._before]):
            remove(node)
        for undo in reversed(self._afterwards):
            undo()

    def _nodes(self) -> list[Any]:
        nodes = self._scene.GetNodes()
        return [nodes.GetItemAsObject(index) for index in range(nodes.GetNumberOfItems())]


def _kept_attributes(node: Any) -> Callable[[], None]:
    name, transform = node.GetName(), None
    if node.IsA("vtkMRMLTransformableNode"):
        transform = node.GetTransformNodeID()
    attributes = {key: node.GetAttribute(key) for key in node.GetAttributeNames()}

    def restore() -> None:
        node.SetName(name)
        for key in set(node.GetAttributeNames()) - set(attributes):
            node.RemoveAttribute(key)
        for key, value in attributes.items():
            node.SetAttribute(key, value)
        if node.IsA("vtkMRMLTransformableNode"):
            node.SetAndObserveTransformNodeID(transform)

    return restore


def _kept_image(volume: Any) -> Callable[[], None]:
    """Voxels are kept by reference: nobody here writes into an image that is in the scene."""
    from vtkmodules.vtkCommonMath import vtkMatrix4x4

    image, matrix = volume.GetImageData(), vtkMatrix4x4()
    volume.GetIJKToRASMatrix(matrix)

    def restore() -> None:
        volume.SetAndObserveImageData(image)
        volume.SetIJKToRASMatrix(matrix)

    return restore


def _kept_table(table: Any) -> Callable[[], None]:
    from vtkmodules.vtkCommonDataModel import vtkTable

    copy = vtkTable()
    copy.DeepCopy(table.GetTable())
    return lambda: table.SetAndObserveTable(copy)


def _kept_references(node: Any) -> Callable[[], None]:
    def roles() -> list[str]:
        return [node.GetNthNodeReferenceRole(index) for index in range(node.GetNumberOfNodeReferenceRoles())]

    def ids(role: str) -> list[str]:
        count = node.GetNumberOfNodeReferences(role)
        return [node.GetNthNodeReferenceID(role, index) for index in range(count)]

    before = {role: ids(role) for role in roles()}

    def restore() -> None:
        for role in {*roles(), *before}:
            if ids(role) != before.get(role, []):
                node.RemoveNodeReferenceIDs(role)
                for identifier in before.get(role, []):
                    node.AddNodeReferenceID(role, identifier)

    return restore


def _kept_segments(node: Any) -> Callable[[], None]:
    copy, display = slicer.vtkSegmentation(), node.GetDisplayNode()
    copy.DeepCopy(node.GetSegmentation())
    look = None
    if display is not None:
        look = slicer.vtkMRMLSegmentationDisplayNode()
        look.Copy(display)

    def restore() -> None:
        node.GetSegmentation().DeepCopy(copy)
        if look is not None:
            display.Copy(look)

    return restore


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
