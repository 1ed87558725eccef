"""Drives the module's panel as a user does: looks at it, clicks, waits. For tests."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import slicer
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from humor.sequences import SEQUENCES

PATIENCE = 60.0


class PanelDriver:
    """One open panel.

    Args:
        widget: the module's widget, set up and entered.
        window: what is drawn.
        folder: where screenshots go unless ``HUMOR_SCREENSHOTS`` names a folder.
    """

    def __init__(self, widget: Any, window: Any, folder: Path) -> None:
        self.widget, self.window, self._folder = widget, window, folder
        self.ui, self.logic = widget.ui, widget.logic

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
        """A real click with the left mouse button; fails on what a user could not click."""
        button = getattr(self.ui, name)
        self.settle(0.0)
        assert button.enabled, f"{name} is disabled: {self.text('missingNote')}"
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)

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

    def screenshot(self, name: str) -> Path:
        """A picture of the whole panel."""
        folder = Path(os.environ.get("HUMOR_SCREENSHOTS") or self._folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.settle()
        path = folder / f"{name}.png"
        assert self.window.grab().save(str(path))
        return path
