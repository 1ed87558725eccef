"""Emulation of the main window: a module panel, the list of modules, and the Segment Editor's interface."""

from __future__ import annotations

from typing import Any

import slicer
from emulation.mrml_widgets import qSlicerScriptedLoadableModuleWidget
from emulation.pythonqt import mannered
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMainWindow, QScrollArea

WIDTH, HEIGHT = 480, 900
_MainWindow: Any = mannered(QMainWindow)


class qSlicerMainWindow(_MainWindow):
    """Shows one module at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("qSlicerMainWindow")
        self._selector = ModuleSelector()
        self._panel = QScrollArea()
        self._panel.setWidgetResizable(True)
        self._panel.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setCentralWidget(self._panel)
        self.resize(WIDTH, HEIGHT)

    def show_module(self, widget: Any) -> None:
        """Put a module's widget into the panel on the left."""
        self._panel.setWidget(widget)
        self.show()

    def scroll_to(self, widget: Any) -> None:
        """What a user does to see something."""
        self._panel.ensureWidgetVisible(widget)

    def moduleSelector(self) -> ModuleSelector:
        return self._selector


class ModuleSelector:
    """Which module is shown.

    Attributes:
        selectedModule: its name.
    """

    def __init__(self) -> None:
        self.selectedModule = ""

    def selectModule(self, name: str) -> None:
        """Leave the module that is shown and enter another."""
        if slicer.modules.named(name) is None:
            raise AssertionError(f"The emulation of Slicer has no module {name}.")
        self._tell("exit", entered=False)
        self.selectedModule = name
        self._tell("enter", entered=True)

    def _tell(self, method: str, entered: bool) -> None:
        module = slicer.modules.named(self.selectedModule) if self.selectedModule else None
        if module is not None and isinstance(module.widget, qSlicerScriptedLoadableModuleWidget):
            module.widget.isEntered = entered
            getattr(module.widget.self(), method)()


class SegmentEditor:
    """``slicer.modules.segmenteditor.widgetRepresentation()``: remembers what it was opened on.

    Attributes:
        editor: itself.
    """

    def __init__(self) -> None:
        self.editor = self
        self._segmentation: Any = None
        self._volume: Any = None

    def self(self) -> SegmentEditor:
        return self

    def setSegmentationNode(self, node: Any) -> None:
        self._segmentation = node

    def segmentationNode(self) -> Any:
        return self._segmentation

    def setSourceVolumeNode(self, node: Any) -> None:
        self._volume = node

    def sourceVolumeNode(self) -> Any:
        return self._volume
