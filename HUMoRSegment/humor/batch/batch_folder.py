"""The output folder of a batch: one user at a time, records, run stamps, table, and the studies' folders."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from ..errors import OutputError, UserFileError
from ..hashing import sha256_of_bytes
from ..output.folder import clear_leftovers
from ..output.ownership import Claim, Journal
from ..plain_files import FileLock, is_folder, remove_partials, sha256_of_plain, write_whole
from ..system_failures import output_error
from .records import Record, Records, volumes_table, was_made_here
from .state import LOCK, OWN_FILES, RECORDS, STATE_FOLDER, VOLUMES, RunStamp, RunStamps, Verdict, judge

_SWEEP_SECONDS = 5.0  # a killed worker's lock is free when the system has cleared it away
_KEPT = 2  # hashes of a file: a kill may have come before or after it was replaced


class BatchFolder:
    """Use it in a ``with`` statement: inside, no other batch writes here.

    Args:
        path: made if need be.

    Raises:
        OutputError: from every method, if the folder cannot be written, another batch is at work in
            it, or a file of the user's has a name that the batch needs.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._lock: FileLock | None = None
        self._stamps = RunStamps(self.path / STATE_FOLDER)

    def __enter__(self) -> BatchFolder:
        try:
            began_here = OwnFiles(self.path).began_here
            self._lock = FileLock.take(self.path / STATE_FOLDER / LOCK)
            if self._lock is None:
                raise OutputError(
                    f"{self.path}: another batch is writing its results here. Wait until it has ended or "
                    "choose another output folder."
                )
            self._own = OwnFiles(self.path)  # as it is now that nobody else writes it
            remove_partials(self.path, VOLUMES)
            remove_partials(self.path / STATE_FOLDER)
            self.records = Records(self.path / RECORDS, began_here)
            self._own.refuse_foreign(VOLUMES, was_made_here)
        except BaseException as error:
            self._unlock()
            if isinstance(error, OSError):
                raise output_error(self.path, error) from error
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._unlock()

    def _unlock(self) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def results(self, study: str) -> Path:
        """The folder of a study's results."""
        return self.path / study

    def judge(self, study: str, wanted: RunStamp) -> Verdict:
        """Whether a study is done; needs no lock, and writes nothing."""
        return judge(self.results(study), self._stamps.read(study), wanted)

    def write_stamp(self, study: str, stamp: RunStamp) -> None:
        """Put the stamp of an attempt on disk, before the attempt."""
        try:
            self._stamps.write(study, stamp)
        except OSError as error:
            raise output_error(self.path, error) from error

    def refresh_stamp(self, study: str, wanted: RunStamp) -> None:
        """The result is what is wanted now: files that only moved need not be hashed again."""
        stamp = self._stamps.read(study)
        if stamp is not None:
            try:
                self._stamps.refresh(study, stamp, wanted.inputs)
            except OSError as error:
                raise output_error(self.path, error) from error

    def drop_stamp(self, study: str) -> None:
        """What an attempt left must not count as a result."""
        with suppress(OSError):
            self._stamps.remove(study)

    def record(self, record: Record) -> None:
        """Write down how an attempt ended."""
        try:
            self.records.append(record)
        except OSError as error:
            raise output_error(self.path, error) from error

    def write_table(self, studies: Sequence[str]) -> None:
        """Bring the table of volumes up to date; one that the user has changed meanwhile is kept."""
        content = volumes_table(studies, self.records.last)
        try:
            self._own.refuse_foreign(VOLUMES, was_made_here)
            self._own.note(VOLUMES, sha256_of_bytes(content))
            write_whole(self.path / VOLUMES, content)
        except OSError as error:
            raise output_error(self.path / VOLUMES, error) from error

    def sweep(self, study: str) -> None:
        """Remove what a killed worker has left in a study's folder, once it has let go of it."""
        deadline = time.monotonic() + _SWEEP_SECONDS
        while not clear_leftovers(self.results(study)) and time.monotonic() < deadline:
            time.sleep(0.1)


class OwnFiles:
    """Knows by hashes which files of a folder were written here; they are on disk before the files are.

    Args:
        folder: of the results; its folder of state is made if need be.

    Raises:
        OutputError: a link or something else stands where the state should be.
        OSError: it cannot be made or read.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        state = folder / STATE_FOLDER
        self.began_here = is_folder(state)
        """Whether the folder was one of ours before."""
        state.mkdir(parents=True, exist_ok=True)
        if not is_folder(state):
            raise OutputError(f"{state} is a link, and links are not followed. Choose another output folder.")
        self._journal = Journal(state / OWN_FILES, forgiving=True)

    def refuse_foreign(self, name: str, from_before: Callable[[Path], bool]) -> None:
        """Stop where replacing a file would destroy what a user has made or changed.

        Args:
            name: of the file.
            from_before: whether one of which nothing is known was written by version 0.1.0, which
                kept no hashes.

        Raises:
            UserFileError: it would.
            OSError: it cannot be read.
        """
        path = self._folder / name
        if not os.path.lexists(path):
            return
        known = self._journal.known.get(name)
        ours = Claim(frozenset(known)).covers(path) if known else os.path.isfile(path) and from_before(path)
        if not ours:
            raise users_file(path, changed=bool(known))

    def note(self, name: str, sha256: str) -> None:
        """A file is about to get this content.

        Raises:
            OSError: that cannot be written down.
        """
        path = self._folder / name
        known = self._journal.known.get(name, [])
        if not known and os.path.lexists(path):
            known = [sha256_of_plain(path)]
        self._journal.write("", {**self._journal.known, name: [*known, sha256][-_KEPT:]})


def users_file(path: Path, changed: bool) -> UserFileError:
    """The refusal to replace a file of the user's, or one of ours that was ``changed``."""
    why = "it changed since HUMoR wrote it" if changed else "HUMoR did not write it"
    return UserFileError(
        f"{path}: {why}, and files of yours are never overwritten. Move it away, or choose another output "
        "folder."
    )
