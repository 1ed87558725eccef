"""Drives the module's panel as a user does: looks at it, clicks, waits. For tests."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import slicer
from emulation.window import Window
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from humor.sequences import SEQUENCES

PATIENCE = 60.0
MODULE = Path(__file__).resolve().parents[3] / "HUMoRSegment" / "HUMoRSegment.py"


class PanelDriver:
    """The module, opened in a window.

    Args:
        window: the emulated window.
        folder: where screenshots go unless ``HUMOR_SCREENSHOTS`` names a folder.

    Attributes:
        widget: the module's widget.
        ui: its Qt widgets by name.
        logic: the module's logic.
    """

    def __init__(self, window: Window, folder: Path) -> None:
        self._window, self._folder = window, folder
        self.widget = window.make_widget(MODULE)
        self.ui, self.logic = self.widget.ui, self.widget.logic

    @property
    def parameters(self) -> Any:
        """The panel's present parameters."""
        return self.widget._parameters

    def text(self, name: str) -> str:
        """What a label says."""
        return str(getattr(self.ui, name).text)

    def enabled(self, name: str) -> bool:
        """Whether a widget can be used, as far as it is its own matter."""
        return bool(getattr(self.ui, name).enabled)

    def volume(self, region: str) -> float:
        """The ml that stand beside a region's slider; NaN for a dash."""
        text = self.text(f"{region.lower()}Volume")
        return float("nan") if text == "–" else float(text.split()[0])

    def click(self, name: str) -> None:
        """A real click with the left mouse button, in a section that is opened for it."""
        button = getattr(self.ui, name)
        self.open_section_of(button)
        self._window.click(button)

    def tick(self, name: str) -> None:
        """A real click on the square of a check box; its middle may lie beside its words."""
        box = getattr(self.ui, name)
        self.open_section_of(box)
        assert box.enabled and QWidget.isVisible(box)
        QTest.mouseClick(box, Qt.MouseButton.LeftButton, pos=QPoint(8, box.height // 2))
        self.settle(0.0)

    def open_section_of(self, widget: Any) -> None:
        """Unfold the collapsible section in which a widget lies."""
        parent = widget.parentWidget()
        while parent is not None:
            if hasattr(parent, "collapsed"):
                parent.collapsed = False
            parent = parent.parentWidget()
        self.settle(0.0)

    def click_when_ready(self, name: str) -> None:
        """Click as soon as the button can be clicked."""
        self.wait(lambda: self.enabled(name))
        self.click(name)

    def choose(self, sequences: Mapping[str, Any]) -> None:
        """Choose volumes in the selectors; what is not named becomes empty."""
        for name in SEQUENCES:
            getattr(self.ui, f"{name}Selector").setCurrentNode(sequences.get(name))
        self.settle()

    def settle(self, seconds: float = 0.3) -> None:
        """Let the window react, and what was put off for a moment happen."""
        end = time.monotonic() + seconds
        slicer.app.processEvents()
        while time.monotonic() < end:
            time.sleep(0.01)
            slicer.app.processEvents()

    def wait(self, reached: Callable[[], bool], seconds: float = PATIENCE) -> None:
        """Let the window live until something holds.

        Raises:
            AssertionError: it did not in time; with what the panel says.
        """
        end = time.monotonic() + seconds
        while not reached():
            slicer.app.processEvents()
            time.sleep(0.005)
            if time.monotonic() > end:
                notes = ("missingNote", "stageNote", "messageNote", "modelNote", "routingMessage")
                raise AssertionError({name: self.text(name) for name in notes})

    def busy(self) -> bool:
        """Whether a run goes on."""
        return bool(self.widget.window.run.controls.busy)

    def run_folder(self) -> Path:
        """The temporary folder of the run that goes on."""
        folder = self.widget.window.run.controls.folder
        assert folder is not None
        return Path(folder)

    def child_pid(self) -> int:
        """The child process of the run that goes on."""
        return int(self.widget.window.run.controls._run.task.pid)

    def is_alive(self, pid: int) -> bool:
        """Whether a process still runs."""
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return not Path(f"/proc/{pid}/stat").is_file() or " Z " not in Path(f"/proc/{pid}/stat").read_text()

    def screenshot(self, name: str) -> Path:
        """A picture of the whole panel, as high as it needs to be."""
        folder = Path(os.environ.get("HUMOR_SCREENSHOTS") or self._folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.settle()
        parent = self.widget.parent
        parent.resize(parent.width, max(parent.heightForWidth(parent.width), parent.sizeHint().height()))
        return self._window.screenshot(self.widget, folder / f"{name}.png")
