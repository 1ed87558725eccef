"""Emulation of ``qt.QUiLoader`` inside Slicer: real ``.ui`` files, with stand-ins of Slicer's own widgets."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

from PySide6.QtCore import QBuffer, QByteArray, QObject
from PySide6.QtUiTools import QUiLoader as _QUiLoader
from PySide6.QtWidgets import QLayout, QWidget


class QUiLoader(_QUiLoader):
    """Makes every widget and layout with PythonQt's manners."""

    def __init__(self) -> None:
        super().__init__()
        self._made: list[Any] = []

    def load(self, file: Any, parent: Any = None) -> Any:
        """Build the window of a ``.ui`` file, given as an open file."""
        tree = ElementTree.fromstring(bytes(file.readAll()))
        connections = _take_scene_connections(tree)
        buffer = QBuffer()
        buffer.setData(QByteArray(ElementTree.tostring(tree)))
        buffer.open(QBuffer.OpenModeFlag.ReadOnly)
        widget = super().load(buffer, parent)
        by_name = {QObject.objectName(entry): entry for entry in self._made}
        for sender, receiver in connections:
            by_name[sender].mrmlSceneChanged.connect(by_name[receiver].setMRMLScene)
        widget._made = self._made  # keeps Python's side of the children alive
        return widget

    def createWidget(self, className: str, parent: Any = None, name: str = "") -> Any:
        return self._named(_kind(className)(parent), name)

    def createLayout(self, className: str, parent: Any = None, name: str = "") -> Any:
        import qt

        # A layout inside a layout gets its place from the loader; only a widget can own one.
        owned = isinstance(parent, QWidget) and QWidget.layout(parent) is None
        layout: QLayout = getattr(qt, className)(*([parent] if owned else []))
        return self._named(layout, name)

    def _named(self, made: Any, name: str) -> Any:
        made.setObjectName(name)
        self._made.append(made)
        return made


def _take_scene_connections(tree: ElementTree.Element) -> list[tuple[str, str]]:
    """Senders and receivers of the scene, taken out: PySide6 knows no signal with MRML's types."""
    taken = []
    for group in tree.iter("connections"):
        for entry in list(group):
            if entry.findtext("signal") == "mrmlSceneChanged(vtkMRMLScene*)":
                assert entry.findtext("slot") == "setMRMLScene(vtkMRMLScene*)", "no such slot"
                taken.append((entry.findtext("sender", ""), entry.findtext("receiver", "")))
                group.remove(entry)
    return taken


def _kind(class_name: str) -> Any:
    import ctk
    import qt
    import slicer

    for module in (ctk, slicer, qt):
        kind = getattr(module, class_name, None)
        if isinstance(kind, type):
            return kind
    raise LookupError(f"The emulation of Slicer has no widget {class_name}.")
