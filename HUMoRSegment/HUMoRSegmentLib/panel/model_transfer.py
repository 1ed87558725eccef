"""Importing and exporting models in a child process: they may have hundreds of megabytes."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from slicer.i18n import tr as _

from humor.bundle.manifest import MANIFEST, MAX_MANIFEST_BYTES
from humor.errors import HumorError

from ..run.process import ChildProcess
from .qt_helpers import Follower


class ModelTransfer:
    """One import or export at a time.

    Args:
        done: called with the data of the command's result, e.g. the ``name`` of the model.
        failed: called with what went wrong.
    """

    def __init__(
        self, done: Callable[[dict[str, object]], None], failed: Callable[[Exception], None]
    ) -> None:
        self._done, self._failed = done, failed
        self._process: ChildProcess | None = None
        self._data: dict[str, object] = {}
        self._error = ""
        self._follower = Follower(self._poll, self._ended, self._broke)

    @property
    def running(self) -> bool:
        """Whether one is under way."""
        return self._process is not None

    def import_zip(self, path: Path, replace: bool) -> None:
        """Install a model from a zip.

        Raises:
            HumorError: it cannot be started.
        """
        self._start(["models", "import", str(path), *(["--replace"] if replace else [])])

    def export_zip(self, model: str, path: Path) -> None:
        """Write a model as one zip, in place of a file of that name.

        Raises:
            HumorError: it cannot be started.
        """
        self._start(["models", "export", model, str(path), "--replace"])

    def stop(self) -> None:
        """End it; nothing half written stays under its final name."""
        self._follower.stop()
        if self._process is not None:
            self._process.kill()
            self._process = None

    def _start(self, arguments: list[str]) -> None:
        self._data, self._error = {}, ""
        process = ChildProcess([*arguments, "--json"])
        process.start()
        self._process = process
        self._follower.start()

    def _poll(self) -> bool:
        if self._process is None:
            return False
        for event in self._process.poll():
            if event.kind == "result":
                self._data = event.data
            elif event.kind == "error":
                self._error = event.message
        return self._process.running

    def _ended(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.exit_code == 0 and not self._error:
            self._done(self._data)
            return
        log = process.stderr_tail() if process is not None else ""
        self._failed(HumorError(self._error or f"{_('The model could not be copied.')}\n{log}".strip()))

    def _broke(self, error: Exception) -> None:
        self.stop()
        self._failed(error)


def model_name(path: Path) -> str:
    """The name of the model in a zip; empty if it cannot be told. The import itself checks everything."""
    try:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if PurePosixPath(name).name == MANIFEST:
                    with archive.open(name) as file:
                        return str(json.loads(file.read(MAX_MANIFEST_BYTES))["name"])
    except (OSError, zipfile.BadZipFile, ValueError, KeyError, TypeError, RuntimeError):
        return ""
    return ""
