"""The Qt application of the emulated window: off-screen, and every exception in a slot is remembered."""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path
from typing import Any

import slicer

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import qInstallMessageHandler
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QApplication

errors: list[str] = []
"""Tracebacks of what slots and observers raised: Qt and VTK print them and go on."""


def _tell(kind: Any, context: Any, text: str) -> None:
    """Qt's messages, but not what it says about every window without a screen."""
    if "propagateSizeHints" not in text:
        print(f"Qt: {text}", file=sys.stderr)


def application() -> Any:
    """The one Qt application, made by the first call."""
    existing = QApplication.instance()
    if existing is not None:
        return existing
    made = QApplication(["Slicer"])
    made.setStyle("Fusion")
    made.setQuitOnLastWindowClosed(False)
    if not QFontDatabase.families():
        import matplotlib

        fonts = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
        for name in ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf"):
            QFontDatabase.addApplicationFont(str(fonts / name))
    qInstallMessageHandler(_tell)
    slicer.app.qt = made
    before = sys.excepthook

    def remember(kind: Any, error: Any, trace: Any) -> None:
        errors.append("".join(traceback.format_exception(kind, error, trace)))
        before(kind, error, trace)

    sys.excepthook = remember
    return made
