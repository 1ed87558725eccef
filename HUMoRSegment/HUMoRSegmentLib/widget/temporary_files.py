"""What runs left in Slicer's temporary folder: images of a patient, which must not lie about."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import slicer

from ..child.folder import PREFIX, remove_folder


def temporary_place() -> Path:
    """Slicer's temporary folder, in which every run has a folder of its own."""
    return Path(slicer.app.temporaryPath)


def left_over(running: Iterable[Path]) -> list[Path]:
    """Folders of runs that do not go on in this window.

    Args:
        running: folders of runs that do.
    """
    keep = {folder.resolve() for folder in running}
    folders = (path for path in temporary_place().glob(f"{PREFIX}*") if path.is_dir())
    return sorted(path for path in folders if path.resolve() not in keep)


def size(folder: Path) -> int:
    """Bytes of all files in a folder; what vanishes meanwhile counts nothing."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except OSError:
            continue
    return total


def delete(folders: Iterable[Path]) -> list[Path]:
    """Delete folders; those that could not be deleted."""
    failed = []
    for folder in folders:
        remove_folder(folder)
        if folder.exists():
            failed.append(folder)
    return failed
