"""An output folder whose files appear whole or not at all.

Every file is first written into a staging folder inside the output folder (the same file
system) and then renamed, which is atomic. ``report.json`` comes last: a folder that holds it is
the complete result of one run.
"""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from types import TracebackType
from typing import IO

from ..errors import OutputError
from .file_lock import try_lock
from .names import FIXED_NAMES, REPORT, ROUTING_FOLDER

STAGING = ".humor.partial"
_LOCK = "lock"

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}
_BLOCKED = {errno.ENOTDIR, errno.EEXIST}
_WRITE_FAILURES = _FULL | _FORBIDDEN | _BLOCKED | {errno.EIO, errno.ENOENT}


class OutputFolder:
    """Writes the results of one run; use it in a ``with`` statement.

    ::

        with OutputFolder(path) as out:
            write_label_map(out.file(LABEL_MAP), segmentation)
            out.publish()               # the label map is there, the rest follows
            ...                         # leaving the block publishes everything else

    An earlier run's results stay untouched until the first ``publish``; then its ``report.json``
    is withdrawn first and all of its files are replaced or removed, so that files of two runs
    never lie side by side as if they were one. Files that are not results are never touched.
    After an error, a cancel or a kill, what is visible under a result's name is whole; what a
    killed run staged is removed by the next one.

    Args:
        path: the folder; it and its parents are made if need be.

    Raises:
        OutputError: from every method, if the folder cannot be written, or another run is
            writing into it.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self.names: list[str] = []
        """Names published so far, relative to the folder."""
        self._staging = self.path / STAGING
        self._lock: IO[bytes] | None = None
        self._was_there = True

    def __enter__(self) -> OutputFolder:
        try:
            self._was_there = self.path.exists()
            self._staging.mkdir(parents=True, exist_ok=True)
            self._lock = open(self._staging / _LOCK, "wb")  # closed on leaving
            if not try_lock(self._lock):
                self._lock.close()
                raise OutputError(
                    f"{self.path}: another run is writing its results here. "
                    "Wait until it has ended or choose another output folder."
                )
            self._remove_leftovers()
        except OSError as error:
            raise output_error(self.path, error) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self.publish()
        finally:
            self._close()
        if isinstance(error, OSError) and self._concerns(error):
            raise output_error(self.path, error) from error

    def file(self, name: str) -> Path:
        """Where to write the result that will be called ``name`` (``/`` for a folder inside)."""
        staged = self._staging / name
        try:
            staged.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise output_error(self.path, error) from error
        return staged

    def publish(self) -> None:
        """Give everything written since the last call its final name."""
        try:
            staged = self._staged()
            stale = [] if self.names or not staged else self._results_of_earlier_run() - set(staged)
            if staged:
                (self.path / REPORT).unlink(missing_ok=True)
            for name in staged:
                final = self.path / name
                final.parent.mkdir(exist_ok=True)
                os.replace(self._staging / name, final)
                self.names.append(name)
            for name in stale:
                (self.path / name).unlink(missing_ok=True)
            self._remove_empty_routing_folder()
        except OSError as error:
            raise output_error(self.path, error) from error

    def all_names(self) -> list[str]:
        """Names published and staged so far, relative to the folder."""
        return sorted({*self.names, *self._staged()})

    def _staged(self) -> list[str]:
        """Names of what is staged, the mark of completion last."""
        files = [file for file in self._staging.rglob("*") if file.is_file()]
        names = {file.relative_to(self._staging).as_posix() for file in files} - {_LOCK}
        return sorted(names, key=lambda name: (name == REPORT, name))

    def _results_of_earlier_run(self) -> set[str]:
        there = {name for name in FIXED_NAMES if (self.path / name).exists()}
        maps = (self.path / ROUTING_FOLDER).glob("*.nii.gz")
        return there | {f"{ROUTING_FOLDER}/{file.name}" for file in maps}

    def _remove_empty_routing_folder(self) -> None:
        folder = self.path / ROUTING_FOLDER
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()

    def _remove_leftovers(self) -> None:
        for item in self._staging.iterdir():
            if item.is_dir() and not item.is_symlink():
                shutil.rmtree(item)
            elif item.name != _LOCK:
                item.unlink()

    def _close(self) -> None:
        if self._lock is not None:
            self._lock.close()  # first: Windows removes no open file
        shutil.rmtree(self._staging, ignore_errors=True)
        if not self._was_there and self.path.is_dir() and not any(self.path.iterdir()):
            self.path.rmdir()

    def _concerns(self, error: OSError) -> bool:
        """Whether a failure is about writing here, not about reading an input elsewhere."""
        if error.errno not in _WRITE_FAILURES:
            return False
        if error.filename is None:  # writing into an open file names none
            return error.errno in _FULL or error.errno == errno.EIO
        return self._staging.absolute() in Path(os.fsdecode(error.filename)).absolute().parents


def output_error(path: Path, error: OSError) -> OutputError:
    """The failure to write ``path`` as a sentence with a remedy."""
    if error.errno in _FULL:
        remedy = "The disk (or your share of it) is full: free some space or choose another output folder."
    elif error.errno in _FORBIDDEN:
        remedy = (
            "Writing there is not allowed: choose another output folder, change its permissions, or "
            "close the program that has the file open."
        )
    elif error.errno in _BLOCKED:
        remedy = "A file stands where a folder should be: remove it or choose another output folder."
    else:
        remedy = "Check that the drive is connected and works, or choose another output folder."
    return OutputError(f"{path}: the results cannot be written ({error.strerror or error}). {remedy}")
