"""The few questions that need a window of their own."""

from __future__ import annotations

from pathlib import Path

import qt
import slicer
from slicer.i18n import tr as _


def ask(question: str) -> bool:
    """A question that is answered by yes or no."""
    return bool(slicer.util.confirmYesNoDisplay(question, windowTitle=_("HUMoR")))


def open_zip() -> Path | None:
    """Let the user choose a model's zip file; None if nothing was chosen."""
    chosen = qt.QFileDialog.getOpenFileName(
        slicer.util.mainWindow(), _("Import a model"), "", _("Model") + " (*.zip)"
    )
    return Path(chosen) if chosen else None


def save_zip(name: str) -> Path | None:
    """Let the user choose where to write a model's zip file; Qt asks before one is replaced."""
    chosen = qt.QFileDialog.getSaveFileName(
        slicer.util.mainWindow(), _("Export the model"), f"{name}.zip", _("Model") + " (*.zip)"
    )
    if not chosen:
        return None
    path = Path(chosen)
    return path if path.suffix.lower() == ".zip" else path.with_name(f"{path.name}.zip")


def open_folder(folder: Path) -> None:
    """Show a folder in the system's file manager."""
    qt.QDesktopServices.openUrl(qt.QUrl.fromLocalFile(str(folder)))
