"""Emulation of Slicer's module ``qt``: PySide6 with PythonQt's manners; no dialog waits for an answer."""

from __future__ import annotations

from typing import Any

from emulation import dialogs, settings, ui_loader
from emulation.pythonqt import mannered
from emulation.qt_application import application
from PySide6 import QtCore, QtGui, QtWidgets

application()
QUiLoader = ui_loader.QUiLoader
QFileDialog = dialogs.FileDialog
QDesktopServices = dialogs.DesktopServices
QSettings = settings.Settings


def __getattr__(name: str) -> Any:
    for module in (QtWidgets, QtGui, QtCore):
        kind = getattr(module, name, None)
        if kind is not None:
            is_object = isinstance(kind, type) and issubclass(kind, QtCore.QObject)
            return mannered(kind) if is_object else kind
    raise AttributeError(f"module 'qt' has no attribute '{name}'")
