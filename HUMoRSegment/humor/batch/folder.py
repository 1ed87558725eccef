"""The output folder of a batch: one user at a time, records, tickets, table, and the studies' folders."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from ..bundle.hashing import sha256_of_bytes
from ..errors import OutputError, output_error
from ..output.folder import clear_leftovers
from ..plain_files import FileLock, remove_partials, write_whole
from .names import LOCK, RECORDS, STATE_FOLDER, VOLUMES
from .own_files import OwnFiles
from .records import Record, Records
from .ticket import Ticket, Tickets, Verdict, judge
from .volumes_table import volumes_table, was_made_here

_SWEEP_SECONDS = 5.0  # a killed worker's lock is free when the system has cleared it away


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
        self._tickets = Tickets(self.path / STATE_FOLDER)

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

    def judge(self, study: str, wanted: Ticket) -> Verdict:
        """Whether a study is done; needs no lock, and writes nothing."""
        return judge(self.results(study), self._tickets.read(study), wanted)

    def issue(self, study: str, ticket: Ticket) -> None:
        """Put the ticket of an attempt on disk, before the attempt."""
        try:
            self._tickets.write(study, ticket)
        except OSError as error:
            raise output_error(self.path, error) from error

    def keep(self, study: str, wanted: Ticket) -> None:
        """The result that is there is what is wanted now."""
        ticket = self._tickets.read(study)
        if ticket is not None:
            try:
                self._tickets.refresh(study, ticket, wanted.inputs)
            except OSError as error:
                raise output_error(self.path, error) from error

    def void(self, study: str) -> None:
        """What an attempt left must not count as a result."""
        with suppress(OSError):
            self._tickets.remove(study)

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
