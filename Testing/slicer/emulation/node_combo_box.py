"""Emulation of ``qMRMLNodeComboBox``: a choice among the scene's nodes, bound to the real scene."""

from __future__ import annotations

from typing import Any

from emulation.pythonqt import mannered, stand_in
from PySide6.QtCore import Property, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QWidget
from vtkmodules.vtkCommonCore import vtkCommand

_Widget: Any = mannered(QWidget)


def _option(name: str, kind: Any) -> tuple[Any, Any]:
    """An option as a property of Qt, which a ``.ui`` file can set, and its setter."""

    def get(self: Any) -> Any:
        return self._options[name]

    def put(self: Any, value: Any) -> None:
        self._set_option(name, list(value) if kind == "QStringList" else value)

    return Property(kind, get, put), put


@stand_in
class qMRMLNodeComboBox(_Widget):
    """Follows nodes that come, go and change their names. Without "none" it chooses the first node itself."""

    currentNodeChanged = Signal(object)
    currentNodeIDChanged = Signal(str)
    nodeAddedByUser = Signal(object)
    documented_signals = (
        "currentNodeChanged(vtkMRMLNode*)",
        "currentNodeChanged(bool)",
        "currentNodeIDChanged(QString)",
        "nodeAddedByUser(vtkMRMLNode*)",
    )

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._options: dict[str, Any] = {
            "nodeTypes": [],
            "baseName": "",
            "noneDisplay": "None",
            "noneEnabled": False,
            "addEnabled": True,
            "removeEnabled": True,
            "editEnabled": False,
            "renameEnabled": False,
            "showHidden": False,
            "showChildNodeTypes": True,
            "selectNodeUponCreation": True,
        }
        self._scene: Any = None
        self._tags: list[int] = []
        self._names: list[tuple[Any, int]] = []
        self._nodes: list[Any] = []
        self._current: Any = None
        self._box = QComboBox()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._box)
        self._box.activated.connect(self._chosen)
        self._fill()

    def mrmlScene(self) -> Any:
        return self._scene

    def setMRMLScene(self, scene: Any) -> None:
        """Follow this scene; None to follow none."""
        for tag in self._tags:
            self._scene.RemoveObserver(tag)
        self._scene, self._tags = scene, []
        if scene is not None:
            ends = (scene.EndCloseEvent, scene.EndImportEvent, scene.EndBatchProcessEvent)
            for event in (scene.NodeAddedEvent, scene.NodeRemovedEvent, *ends):
                self._tags.append(scene.AddObserver(event, self._scene_changed))
        self._update()

    def currentNode(self) -> Any:
        return self._current

    def setCurrentNode(self, node: Any) -> None:
        """Choose a node, or its ID; what is not among the choices becomes none."""
        if isinstance(node, str):
            node = self._scene.GetNodeByID(node) if self._scene is not None else None
        self._choose(node if node in self._nodes else None)

    def nodeCount(self) -> int:
        return len(self._nodes)

    def nodeFromIndex(self, index: int) -> Any:
        return self._nodes[index]

    def addNode(self, className: str = "") -> Any:
        """What "Create new" does."""
        kind = className or self._options["nodeTypes"][0]
        node = self._scene.AddNewNodeByClass(kind, self._options["baseName"])
        if self._options["selectNodeUponCreation"]:
            self.setCurrentNode(node)
        self.nodeAddedByUser.emit(node)
        return node

    def comboBox(self) -> QComboBox:
        """For tests: Qt's box inside."""
        return self._box

    def _scene_changed(self, caller: Any, event: str) -> None:
        if not self._scene.IsBatchProcessing():
            self._update()

    def _update(self) -> None:
        """Look at the scene anew; keep the choice where its node is still there."""
        for node, tag in self._names:
            node.RemoveObserver(tag)
        self._nodes = self._found()
        self._names = [
            (node, node.AddObserver(vtkCommand.ModifiedEvent, self._renamed)) for node in self._nodes
        ]
        self._fill()
        self._choose(self._current if self._current in self._nodes else None)

    def _found(self) -> list[Any]:
        if self._scene is None:
            return []
        nodes = self._scene.GetNodes()
        every = [nodes.GetItemAsObject(index) for index in range(nodes.GetNumberOfItems())]
        return [node for node in every if self._fits(node)]

    def _fits(self, node: Any) -> bool:
        if node.GetHideFromEditors() and not self._options["showHidden"]:
            return False
        kinds = self._options["nodeTypes"]
        if self._options["showChildNodeTypes"]:
            return any(node.IsA(kind) for kind in kinds)
        return node.GetClassName() in kinds

    def _fill(self) -> None:
        self._box.blockSignals(True)
        self._box.clear()
        if self._options["noneEnabled"]:
            self._box.addItem(self._options["noneDisplay"])
        self._box.addItems([node.GetName() or "" for node in self._nodes])
        self._box.blockSignals(False)
        self._show_current()

    def _renamed(self, caller: Any, event: str) -> None:
        shown = [self._box.itemText(index + self._first()) for index in range(len(self._nodes))]
        if shown != [node.GetName() or "" for node in self._nodes]:
            self._fill()

    def _first(self) -> int:
        return 1 if self._options["noneEnabled"] else 0

    def _show_current(self) -> None:
        index = self._nodes.index(self._current) + self._first() if self._current in self._nodes else -1
        self._box.setCurrentIndex(0 if index < 0 and self._options["noneEnabled"] else index)

    def _chosen(self, index: int) -> None:
        position = index - self._first()
        self._choose(self._nodes[position] if position >= 0 else None)

    def _choose(self, node: Any) -> None:
        if node is None and not self._options["noneEnabled"] and self._nodes:
            node = self._nodes[0]
        changed = node is not self._current
        self._current = node
        self._show_current()
        if changed:
            self.currentNodeChanged.emit(node)
            self.currentNodeIDChanged.emit(node.GetID() if node is not None else "")

    def _get_id(self) -> str:
        return str(self._current.GetID()) if self._current is not None else ""

    def setCurrentNodeID(self, identifier: str) -> None:
        self.setCurrentNode(identifier)

    currentNodeID = Property(str, _get_id, setCurrentNodeID)
    nodeTypes, setNodeTypes = _option("nodeTypes", "QStringList")
    baseName, setBaseName = _option("baseName", str)
    noneDisplay, setNoneDisplay = _option("noneDisplay", str)
    noneEnabled, setNoneEnabled = _option("noneEnabled", bool)
    addEnabled, setAddEnabled = _option("addEnabled", bool)
    removeEnabled, setRemoveEnabled = _option("removeEnabled", bool)
    editEnabled, setEditEnabled = _option("editEnabled", bool)
    renameEnabled, setRenameEnabled = _option("renameEnabled", bool)
    showHidden, setShowHidden = _option("showHidden", bool)
    showChildNodeTypes, setShowChildNodeTypes = _option("showChildNodeTypes", bool)
    selectNodeUponCreation, setSelectNodeUponCreation = _option("selectNodeUponCreation", bool)

    def _set_option(self, name: str, value: Any) -> None:
        changed = self._options[name] != value
        self._options[name] = value
        if changed:
            self._update()
