"""Emulation of Slicer's plain widgets with a scene, and of the widget that a scripted module sits in."""

from __future__ import annotations

from typing import Any

from emulation.pythonqt import mannered, stand_in
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QTableWidget, QTableWidgetItem, QWidget
from vtkmodules.vtkCommonCore import vtkCommand

_Widget: Any = mannered(QWidget)
_Table: Any = mannered(QTableWidget)


class qMRMLWidget(_Widget):
    """Hands its scene on to the widgets that its ``.ui`` file connects with ``mrmlSceneChanged``."""

    mrmlSceneChanged = Signal(object)
    documented_signals = ("mrmlSceneChanged(vtkMRMLScene*)",)

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._scene: Any = None

    def mrmlScene(self) -> Any:
        return self._scene

    def setMRMLScene(self, scene: Any) -> None:
        self._scene = scene
        self.mrmlSceneChanged.emit(scene)


class qSlicerScriptedLoadableModuleWidget(qMRMLWidget):
    """``parent`` of a scripted module's widget.

    Attributes:
        isEntered: whether the module is shown.
    """

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.isEntered = False
        self._python: Any = None

    def self(self) -> Any:
        """The module's widget in Python."""
        return self._python

    def setSelf(self, widget: Any) -> None:
        self._python = widget


@stand_in
class qMRMLTableView(_Table):
    """Shows a table node; it cannot be edited."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._scene: Any = None
        self._node: Any = None
        self._tag = 0

    def setMRMLScene(self, scene: Any) -> None:
        self._scene = scene

    def mrmlTableNode(self) -> Any:
        return self._node

    def setMRMLTableNode(self, node: Any) -> None:
        if self._node is not None:
            self._node.RemoveObserver(self._tag)
        self._node = node
        if node is not None:
            self._tag = node.AddObserver(vtkCommand.ModifiedEvent, self._fill)
        self._fill()

    def _fill(self, *event: Any) -> None:
        node = self._node
        rows, columns = (node.GetNumberOfRows(), node.GetNumberOfColumns()) if node is not None else (0, 0)
        self.setRowCount(rows)
        self.setColumnCount(columns)
        self.setHorizontalHeaderLabels([node.GetColumnName(column) for column in range(columns)])
        for row in range(rows):
            for column in range(columns):
                self.setItem(row, column, QTableWidgetItem(node.GetCellText(row, column)))
