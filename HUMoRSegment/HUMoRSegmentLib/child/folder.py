"""A run's own temporary folder: made, and removed again whatever happens."""

from __future__ import annotations

import logging
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from slicer.i18n import tr as _

from humor.errors import OutputError
from humor.plain_files import is_folder

PREFIX, SUFFIX = "HUMoR-", ".run"
STALE_AFTER = 24 * 3600.0
"""Seconds after which a folder is of a Slicer that crashed: no run takes a day."""
_TRIES, _PAUSE = 10, 0.1  # on Windows a file stays in use for a moment after its process was killed


def make_folder(parent: Path) -> Path:
    """A new, empty folder that only this user can read.

    Folders that a crashed Slicer left behind more than a day ago are removed, because they hold
    images of patients.

    Args:
        parent: Slicer's temporary folder; made if need be.

    Raises:
        OutputError: nothing can be written there.
    """
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


def _remove_stale(parent: Path) -> None:
    for folder in parent.glob(f"{PREFIX}*{SUFFIX}"):
        with suppress(OSError):
            if is_folder(folder) and time.time() - folder.stat().st_mtime > STALE_AFTER:
                shutil.rmtree(folder, ignore_errors=True)
