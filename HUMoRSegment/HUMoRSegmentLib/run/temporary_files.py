"""The temporary folders of runs, which hold images of a patient: made, counted and removed."""

from __future__ import annotations

import logging
import shutil
import tempfile
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import slicer
from slicer.i18n import tr as _

from humor.errors import OutputError
from humor.plain_files import is_folder

PREFIX, SUFFIX = "HUMoR-", ".run"
STALE_AFTER = 24 * 3600.0
"""Seconds after which a folder is of a Slicer that crashed: no run takes a day."""
_TRIES, _PAUSE = 10, 0.1  # on Windows a file stays in use for a moment after its process was killed


def slicer_folder() -> Path:
    """Slicer's temporary folder, in which every run has a folder of its own."""
    return Path(slicer.app.temporaryPath)


def make_folder(parent: Path | None = None) -> Path:
    """A new, empty folder that only this user can read; ``Task.close`` removes it.

    Folders that a crashed Slicer left behind more than a day ago are removed, because they hold
    images of patients.

    Args:
        parent: made if need be; default: Slicer's temporary folder.

    Raises:
        OutputError: nothing can be written there.
    """
    parent = parent or slicer_folder()
    try:
        parent.mkdir(parents=True, exist_ok=True)
        _remove_stale(parent)
        return Path(tempfile.mkdtemp(SUFFIX, PREFIX, parent))
    except OSError as error:
        raise OutputError(
            _(
                "Slicer's temporary folder {folder} cannot be written ({reason}). Free some space, or choose "
                "another one in Edit / Application Settings / General."
            ).format(folder=parent, reason=error.strerror or error)
        ) from error


def remove_folder(folder: Path) -> None:
    """Remove a folder with all that is in it; says so in the log where that is not possible."""
    for _attempt in range(_TRIES):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(_PAUSE)
    logging.getLogger(__name__).warning("%s could not be removed; please delete it.", folder)


def left_over_folders(running: Iterable[Path]) -> list[Path]:
    """Folders of runs that do not go on in this window.

    Args:
        running: folders of runs that do.
    """
    keep = {folder.resolve() for folder in running}
    folders = (path for path in slicer_folder().glob(f"{PREFIX}*") if path.is_dir())
    return sorted(path for path in folders if path.resolve() not in keep)


def bytes_in(folder: Path) -> int:
    """Bytes of all files in a folder; what vanishes meanwhile counts nothing."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except OSError:
            continue
    return total


def delete_folders(folders: Iterable[Path]) -> list[Path]:
    """Delete folders; those that could not be deleted."""
    failed = []
    for folder in folders:
        remove_folder(folder)
        if folder.exists():
            failed.append(folder)
    return failed


def _remove_stale(parent: Path) -> None:
    for folder in parent.glob(f"{PREFIX}*{SUFFIX}"):
        with suppress(OSError):
            if is_folder(folder) and time.time() - folder.stat().st_mtime > STALE_AFTER:
                shutil.rmtree(folder, ignore_errors=True)
