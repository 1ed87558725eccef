"""Emulation of what the application does to its scene: nodes that are always there, subject hierarchy items.

Real: the scene and all nodes. Emulated: items of the subject hierarchy, which in Slicer a Qt class makes.
"""

from __future__ import annotations

from typing import Any

from vtkmodules.vtkCommonCore import VTK_OBJECT


def make_scene(slicer: Any) -> Any:
    """A scene with the nodes that every scene of the application has."""
    scene = slicer.vtkMRMLScene()
    crosshair = slicer.vtkMRMLCrosshairNode()
    crosshair.SetCrosshairName("default")
    crosshair.SetSingletonTag("default")
    scene.AddNode(crosshair)
    slicer.vtkMRMLSliceNode.AddDefaultSliceOrientationPresets(scene)
    return scene


class HierarchyItems:
    """Gives every node that a user would see an item in the subject hierarchy, and takes it away again.

    Args:
        scene: it is observed as long as it lives.
    """

    def __init__(self, scene: Any) -> None:
        self._scene = scene
        scene.AddObserver(scene.NodeAddedEvent, self._observer(self._added))
        scene.AddObserver(scene.NodeAboutToBeRemovedEvent, self._observer(self._removed))
        scene.AddObserver(scene.EndImportEvent, self._imported)
        scene.AddObserver(scene.EndCloseEvent, self._closed)

    @staticmethod
    def _observer(action: Any) -> Any:
        def observe(caller: Any, event: str, node: Any) -> None:
            action(node)

        observe.CallDataType = VTK_OBJECT  # type: ignore[attr-defined]
        return observe

    def _added(self, node: Any) -> None:
        if self._scene.IsImporting() or not _is_shown(node):
            return
        hierarchy = self._scene.GetSubjectHierarchyNode()
        if hierarchy is not None and not hierarchy.GetItemByDataNode(node):
            hierarchy.CreateItem(hierarchy.GetSceneItemID(), node)

    def _removed(self, node: Any) -> None:
        if self._scene.IsClosing() or not _is_shown(node):
            return
        hierarchy = self._scene.GetSubjectHierarchyNode()
        item = hierarchy.GetItemByDataNode(node) if hierarchy is not None else 0
        if item:
            hierarchy.RemoveItem(item, False, False)

    def _imported(self, caller: Any, event: str) -> None:
        nodes = self._scene.GetNodes()
        for index in range(nodes.GetNumberOfItems()):
            self._added(nodes.GetItemAsObject(index))

    def _closed(self, caller: Any, event: str) -> None:
        """A closed scene has its one subject hierarchy again."""
        if self._scene.GetNumberOfNodesByClass("vtkMRMLSubjectHierarchyNode") == 0:
            self._scene.AddNewNodeByClass("vtkMRMLSubjectHierarchyNode")


def _is_shown(node: Any) -> bool:
    """Whether a subject hierarchy plugin of Slicer would own the node."""
    owned = (
        "vtkMRMLVolumeNode",
        "vtkMRMLSegmentationNode",
        "vtkMRMLTableNode",
        "vtkMRMLTextNode",
        "vtkMRMLPlotChartNode",
        "vtkMRMLPlotSeriesNode",
        "vtkMRMLTransformNode",
        "vtkMRMLMarkupsNode",
        "vtkMRMLModelNode",
    )
    return not node.GetHideFromEditors() and any(node.IsA(name) for name in owned)
