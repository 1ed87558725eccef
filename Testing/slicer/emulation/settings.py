"""Emulation of the application's settings: a file that is gone when Python ends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import slicer
from emulation.pythonqt import mannered
from PySide6.QtCore import QSettings

_Settings: Any = mannered(QSettings)


class Settings(_Settings):
    """``qt.QSettings()``: never the user's own settings."""

    def __init__(self) -> None:
        super().__init__(str(Path(slicer.app.temporaryPath) / "settings.ini"), QSettings.Format.IniFormat)
