"""An output folder whose files appear whole or not at all, and in which nothing of the user's is touched.

Every file is first written into a staging folder inside the output folder (the same file
system), brought to the disk, and then renamed, which is atomic. The mark (``report.json``) comes last:
a folder that holds it is the complete result of one run.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from ..errors import OutputError, UsageError, UserFileError
from ..interruption import put_off
from ..plain_files import (
    PARTIAL,
    FileLock,
    fresh_name,
    is_folder,
    remove_folder,
    remove_partials,
    sha256_of_plain,
    sync_file,
    sync_folder,
)
from ..system_failures import DISK_FULL, WRITE_FAILURES, output_error
from .names import KINDS, SEGMENTATION, Kind
from .ownership import (
    FILES,
    JOURNAL,
    Claim,
    Claims,
    Journal,
    is_result,
    joined,
    marked,
    present,
    sealed,
)

LOCK = ".humor.lock"
STAGING = ".humor-run-"
"""How the names of staging folders begin; a new one for every run."""

_TRIES = 100  # to make a folder that another run, at its end, removes as empty


class OutputFolder:
    """Writes the results of one run; use it in a ``with`` statement.

    ::

        with OutputFolder(path, inputs=files) as out:
            write_label_map(out.file(LABEL_MAP), segmentation)
            out.publish()               # the label map is there, the rest follows
            ...
            out.write_mark(facts)       # leaving the block publishes everything else

    A file at a result's name is replaced or removed only if an earlier run of ours wrote it and nobody
    has changed it since (see ``ownership``); anything else there stops this run before it begins.
    An earlier run's results stay untouched until the first ``publish``; then its mark is withdrawn
    first and all of its files are replaced or removed, so that files of two runs never lie side by
    side as if they were one. After an error, a cancel or a kill, what is visible under a result's
    name is whole; what a killed run staged is removed by the next one.

    Args:
        path: the folder; it and its parents are made if need be.
        kind: of the results.
        inputs: files that the run reads.
        known: name → SHA-256 that may be replaced as well.

    Raises:
        OutputError: from every method, if the folder cannot be written or another run is writing
            into it.
        UserFileError: a file of the user's has a result's name.
        UsageError: an input lies at a result's name.
    """

    def __init__(
        self,
        path: Path,
        kind: Kind = SEGMENTATION,
        inputs: Iterable[Path] = (),
        known: Mapping[str, str] | None = None,
    ) -> None:
        self.path = Path(path)
        self.names: list[str] = []
        """Names published so far, relative to the folder."""
        self._kind = kind
        self._inputs = [Path(file) for file in inputs]
        self._known = {name: Claim(frozenset([sha256])) for name, sha256 in (known or {}).items()}
        self._claims: Claims = {}
        self._published: dict[str, dict[str, Any]] = {}
        self._staging = self.path / fresh_name(STAGING)
        self._lock: FileLock | None = None
        self._journal: Journal | None = None
        self._was_there = True

    def __enter__(self) -> OutputFolder:
        try:
            with put_off():
                self._begin()
        except BaseException as error:
            self._close()
            if isinstance(error, OSError):
                raise output_error(self.path, error) from error
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self.publish()
        finally:
            with put_off():
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

    def write_mark(self, facts: Mapping[str, Any]) -> None:
        """Write the mark of completion, with all other files' hashes; the last thing before ``publish``.

        Raises:
            OSError: it cannot be written.
        """
        text = sealed({**facts, FILES: self._facts(self._staged())})
        # Names of files need not be text: what is none stays readable, as JSON writes it.
        self.file(self._kind.mark).write_text(text, encoding="utf-8", errors="backslashreplace")

    def publish(self) -> None:
        """Give everything written since the last call its final name."""
        try:
            with put_off():
                self._publish(self._staged())
        except OSError as error:
            raise output_error(self.path, error) from error

    def all_names(self) -> list[str]:
        """Names published and staged so far, relative to the folder."""
        return sorted({*self.names, *self._staged()})

    def _begin(self) -> None:
        self._was_there = os.path.lexists(self.path)
        self._lock = _locked(self.path)
        journal = Journal(self.path / JOURNAL)
        _remove_leftovers(self.path, journal)
        ours = {name: claim for name, claim in journal.claims().items() if is_result(name, self._kind)}
        self._claims = joined(marked(self.path, self._kind), ours, self._known)
        self._refuse_inputs()
        self._refuse_foreign()
        self._journal = journal
        journal.write(self._staging.name, journal.known)
        self._staging.mkdir()

    def _publish(self, staged: list[str]) -> None:
        if not staged or self._journal is None:
            return
        self._refuse_foreign()  # somebody may have saved something meanwhile
        stale = [] if self.names else [name for name in self._claims if name not in staged]
        facts = self._facts(staged)
        for name in staged:
            sync_file(self._staging / name)
        if self._kind.mark:
            self._journal.write(self._staging.name, self._journal.known | self._replaceable(facts))
            (self.path / self._kind.mark).unlink(missing_ok=True)
            sync_folder(self.path)
        for name in staged:
            if name == self._kind.mark:
                self._remove(stale)
                self._sync_folders()
            self._give_name(name)
            self.names.append(name)
            self._published[name] = facts[name]
            self._claims[name] = Claim(frozenset([facts[name]["sha256"]]))
        self._remove(stale)
        self._sync_folders()

    def _give_name(self, name: str) -> None:
        final = self.path / name
        if final.parent != self.path:
            final.parent.mkdir(exist_ok=True)
            if not is_folder(final.parent):
                raise OSError(errno.ELOOP, "It is a link", str(final.parent))
        os.replace(self._staging / name, final)

    def _replaceable(self, facts: Mapping[str, Mapping[str, Any]]) -> dict[str, list[str]]:
        """What may lie in the folder from now on and is ours, old and new."""
        found: dict[str, list[str]] = {}
        for name in {*self._claims, *facts}:
            hashes = set(self._claims[name].sha256) if name in self._claims else set()
            if not hashes and os.path.lexists(self.path / name):  # of a report without hashes
                hashes.add(sha256_of_plain(self.path / name))
            found[name] = sorted(hashes | {facts[name]["sha256"]} if name in facts else hashes)
        return found

    def _remove(self, names: list[str]) -> None:
        for name in names:
            (self.path / name).unlink(missing_ok=True)
            self._claims.pop(name, None)
        maps = self.path / self._kind.maps
        if any("/" in name for name in names) and is_folder(maps) and not any(maps.iterdir()):
            maps.rmdir()
        names.clear()

    def _sync_folders(self) -> None:
        if self._kind.maps and is_folder(self.path / self._kind.maps):
            sync_folder(self.path / self._kind.maps)
        sync_folder(self.path)

    def _facts(self, staged: list[str]) -> dict[str, dict[str, Any]]:
        """Bytes and SHA-256 of what was published and is staged."""
        found = dict(self._published)
        for name in staged:
            path = self._staging / name
            found[name] = {"bytes": path.stat().st_size, "sha256": sha256_of_plain(path)}
        return found

    def _staged(self) -> list[str]:
        """Names of what is staged, the mark of completion last."""
        files = [file for file in self._staging.rglob("*") if os.path.isfile(file)]
        names = {file.relative_to(self._staging).as_posix() for file in files}
        return sorted(names, key=lambda name: (name == self._kind.mark, name))

    def _refuse_inputs(self) -> None:
        for name in present(self.path, self._kind):
            for file in self._inputs:
                try:
                    same = os.path.samefile(self.path / name, file)
                except OSError:  # a dead link, or no input: whoever reads it says so
                    same = False
                if same:
                    raise UsageError(
                        f"{file}: this input lies in the output folder under the name of a result "
                        f"({name}) and would be overwritten. Choose another output folder."
                    )

    def _refuse_foreign(self) -> None:
        unknown, changed = [], []
        for name in present(self.path, self._kind):
            claim = self._claims.get(name)
            if claim is None:
                unknown.append(name)
            elif not claim.covers(self.path / name):
                changed.append(name)
        if not unknown and not changed:
            return
        reasons = []
        if changed:
            reasons.append(f"{', '.join(changed)} changed since HUMoR wrote it")
        if unknown:
            reasons.append(f"no complete result of HUMoR that is there lists {', '.join(unknown)}")
        raise UserFileError(
            f"{self.path}: {'; '.join(reasons)}. Files of yours are never overwritten: choose another output "
            "folder, or move them away."
        )

    def _close(self) -> None:
        remove_folder(self._staging)
        if self._lock is None:
            return
        if self._journal is not None:
            _settle(self.path, self._journal)
        self._lock.release()
        self._lock = None
        if not self._was_there and os.path.isdir(self.path) and not any(self.path.iterdir()):
            try:
                self.path.rmdir()
            except OSError:  # another run has begun
                return

    def _concerns(self, error: OSError) -> bool:
        """Whether a failure is about writing here, not about reading an input elsewhere."""
        if error.errno not in WRITE_FAILURES:
            return False
        if error.filename is None:  # writing into an open file names none
            return error.errno in DISK_FULL or error.errno == errno.EIO
        return self._staging.absolute() in Path(os.fsdecode(error.filename)).absolute().parents


def clear_leftovers(path: Path) -> bool:
    """Remove what a killed run has left half written in a folder, and the folder if it is empty then.

    Returns:
        False if it is still at work there, or that cannot be known.
    """
    if not is_folder(path):
        return True
    try:
        if os.path.lexists(path / JOURNAL) or os.path.lexists(path / LOCK):
            lock = FileLock.take(path / LOCK)
            if lock is None:
                return False
            try:
                journal = Journal(path / JOURNAL)
                _remove_leftovers(path, journal)
                _settle(path, journal)
            finally:
                lock.release()
        if not any(path.iterdir()):
            path.rmdir()
    except (OSError, OutputError):
        return False
    return True


def _locked(path: Path) -> FileLock:
    for number in range(_TRIES):
        path.mkdir(parents=True, exist_ok=True)
        try:
            lock = FileLock.take(path / LOCK)
        except FileNotFoundError:
            if number == _TRIES - 1:
                raise
            continue
        if lock is None:
            break
        return lock
    raise OutputError(
        f"{path}: another run is writing its results here. "
        "Wait until it has ended or choose another output folder."
    )


def _remove_leftovers(path: Path, journal: Journal) -> None:
    """Remove what a killed run staged; nothing but what has a name of ours."""
    remove_partials(path, JOURNAL)
    if re.fullmatch(re.escape(STAGING) + "[0-9a-f]+" + re.escape(PARTIAL), journal.staging):
        remove_folder(path / journal.staging)


def _settle(path: Path, journal: Journal) -> None:
    """Keep of the journal what no mark says."""
    by_mark = [name for kind in KINDS for name in marked(path, kind)]
    needed = {
        name: hashes
        for name, hashes in journal.known.items()
        if name not in by_mark and os.path.lexists(path / name)
    }
    if needed:
        journal.write("", needed)
    else:
        journal.remove()
