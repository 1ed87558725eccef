"""The output folder of a batch: one user at a time, records, tickets, table, and the studies' folders."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO

from ..errors import HumorError, OutputError
from ..output.file_lock import try_lock
from ..output.folder import STAGING, OutputFolder, output_error
from .names import LOCK, RECORDS, STATE_FOLDER, VOLUMES
from .records import Record, Records
from .ticket import Ticket, Tickets, Verdict, judge
from .volumes_table import write_volumes

_SWEEP_SECONDS = 5.0  # a killed worker's lock is free when the system has cleared it away


class BatchFolder:
    """Use it in a ``with`` statement: inside, no other batch writes here.

    Args:
        path: made if need be.

    Raises:
        OutputError: from every method, if the folder cannot be written, or another batch is at
            work in it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._lock: IO[bytes] | None = None
        self._tickets = Tickets(self.path / STATE_FOLDER)

    def __enter__(self) -> BatchFolder:
        state = self.path / STATE_FOLDER
        try:
            state.mkdir(parents=True, exist_ok=True)
            self._lock = open(state / LOCK, "wb")  # closed on leaving
            if not try_lock(self._lock):
                raise OutputError(
                    f"{self.path}: another batch is writing its results here. Wait until it has ended or "
                    "choose another output folder."
                )
            self.records = Records(self.path / RECORDS)
        except OSError as error:
            self._unlock()
            raise output_error(self.path, error) from error
        except OutputError:
            self._unlock()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._unlock()

    def _unlock(self) -> None:
        if self._lock is not None:
            self._lock.close()

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
        """Bring the table of volumes up to date."""
        try:
            write_volumes(self.path / VOLUMES, studies, self.records.last)
        except OSError as error:
            raise output_error(self.path / VOLUMES, error) from error

    def sweep(self, study: str) -> None:
        """Remove what a killed worker has left in a study's folder, once it has let go of it."""
        folder = self.results(study)
        deadline = time.monotonic() + _SWEEP_SECONDS
        while (folder / STAGING).is_dir():
            try:
                with OutputFolder(folder):
                    pass
            except HumorError:
                if time.monotonic() > deadline:
                    return
                time.sleep(0.1)
        with suppress(OSError):
            folder.rmdir()  # only if it is empty
