"""The Qt application of the emulated window: off-screen, and every exception in a slot is remembered."""

from __future__ import annotations

import ctypes
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


def _keep_singletons() -> None:
    """Keep None and its like alive: PySide6 6.12.0 drops a reference of them with every call.

    From Python 3.12 on they are not counted; before, Python would abort at its end.
    """
    if sys.version_info < (3, 12):
        for single in (None, True, False, NotImplemented, (), "", b"", *range(-5, 257)):
            ctypes.c_ssize_t.from_address(id(single)).value += 1 << 40


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
    _keep_singletons()
    qInstallMessageHandler(_tell)
    slicer.app.qt = made
    before = sys.excepthook

    def remember(kind: Any, error: Any, trace: Any) -> None:
        errors.append("".join(traceback.format_exception(kind, error, trace)))
        before(kind, error, trace)

    sys.excepthook = remember
    return made
