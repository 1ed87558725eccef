"""Emulation of Slicer's window around one scripted module: opens it, clicks, waits, takes pictures.

Real: the module's Python and ``.ui`` file, Qt (version 6, off-screen), the scene. Emulated: everything
between them. A test of it says that the module's own code works together, not that Slicer does.
"""

from __future__ import annotations

import importlib.util
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import slicer
from emulation import dialogs, main_window, mrml_widgets, node_combo_box
from emulation.module_logics import Module, ScriptedModule
from emulation.qt_application import application, errors
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QVBoxLayout, QWidget

PATIENCE = 60.0
_closed: list[Any] = []  # kept: Qt deletes a window's children under Python's hands


class Window:
    """Slicer's window, once for each test.

    Attributes:
        main: the main window.
    """

    def __init__(self) -> None:
        application()
        for module in (main_window, mrml_widgets, node_combo_box):
            for name, kind in vars(module).items():
                if name.startswith("q") and isinstance(kind, type):
                    setattr(slicer, name, kind)
        errors.clear()
        dialogs.reset()
        self.main = main_window.qSlicerMainWindow()
        editor = Module("SegmentEditor")
        editor.widget = main_window.SegmentEditor()
        slicer.modules.add(editor)
        self._widgets: list[Any] = []

    def make_widget(self, path: Path, enter: bool = True) -> Any:
        """Load a scripted module's file and open it.

        Args:
            path: e.g. ``HUMoRSegment.py``; its classes have the file's name.
            enter: whether the module is shown, as after choosing it in the list.

        Returns:
            The module's widget in Python.
        """
        name = path.stem
        python = _load(path)
        module = ScriptedModule(name, path=str(path))
        getattr(python, name)(module)
        slicer.modules.add(module)
        parent = mrml_widgets.qSlicerScriptedLoadableModuleWidget()
        QVBoxLayout(parent)
        parent.setMRMLScene(slicer.mrmlScene)
        module.widget = parent
        widget = getattr(python, f"{name}Widget")(parent)
        parent.setSelf(widget)
        setattr(slicer.modules, f"{name}Widget", widget)
        self._widgets.append(widget)
        widget.setup()
        self.main.show_module(parent)
        if enter:
            self.main.moduleSelector().selectModule(name)
        self.spin(0.0)
        return widget

    def click(self, button: Any) -> None:
        """A click with the left mouse button, on what a user could click."""
        self.spin(0.0)
        assert QWidget.isVisible(button), f"{button.objectName} cannot be seen"
        assert QWidget.isEnabled(button), f"{button.objectName} is disabled"
        self.main.scroll_to(button)
        middle = QWidget.rect(button).center()
        place = QPoint(10, middle.y()) if isinstance(button, QCheckBox) else middle
        QTest.mouseClick(button, Qt.MouseButton.LeftButton, pos=place)
        self.spin(0.0)

    def spin(self, seconds: float = 0.0, until: Callable[[], bool] | None = None) -> None:
        """Let the window live for some time, or until something holds.

        Raises:
            AssertionError: it did not hold within ``PATIENCE``.
        """
        end = time.monotonic() + (seconds if until is None else max(seconds, PATIENCE))
        slicer.app.processEvents()
        while time.monotonic() < end:
            if until is not None and until():
                return
            time.sleep(0.005)
            slicer.app.processEvents()
        assert until is None or until(), "what was waited for did not happen"

    def screenshot(self, widget: Any, path: Path) -> Path:
        """Draw a widget, or the parent of a module's widget, as a PNG file."""
        drawn = widget if isinstance(widget, QWidget) else widget.parent
        self.spin(0.0)
        assert drawn.grab().save(str(path))
        return path

    def close(self) -> None:
        """Close the modules and the window; nothing of them follows the scene any more."""
        for widget in self._widgets:
            widget.cleanup()
            for child in widget.parent.findChildren(QWidget):
                if hasattr(child, "setMRMLScene"):
                    child.setMRMLScene(None)
            for name in (widget.moduleName.lower(), f"{widget.moduleName}Widget"):
                delattr(slicer.modules, name)
        _closed.extend(self._widgets)
        self._widgets.clear()
        for node in slicer.util.getNodesByClass("vtkMRMLScriptedModuleNode"):
            slicer.mrmlScene.RemoveNode(node)  # widgets stay tied to it, as in Slicer
        self.main.hide()
        self.main.setObjectName("")  # nobody finds it any more
        _closed.append(self.main)
        slicer.app.processEvents()

    def assert_no_errors(self) -> None:
        """Fail for what slots and observers raised, which Qt and VTK only print."""
        assert not errors, "\n".join(errors)


def _load(path: Path) -> ModuleType:
    """Import a module's file as Slicer does: anew each time, with its folder on the path."""
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    specification = importlib.util.spec_from_file_location(path.stem, path)
    assert specification is not None and specification.loader is not None
    python = importlib.util.module_from_spec(specification)
    sys.modules[path.stem] = python
    specification.loader.exec_module(python)
    return python
