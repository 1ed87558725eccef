"""A batch from its list of studies to its summary."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..events import Event, Listener
from ..study.channels import Channels
from .batch_folder import BatchFolder
from .messages import Settings
from .plan import CANNOT, DO, SKIP, PlannedStudy, plan
from .pool import Executor, Pool
from .records import done_record, failed_record
from .runner import Runner
from .state import RECORDS, VOLUMES
from .studies import BatchStudy
from .study_folders import find_studies
from .study_table import read_table


@dataclass(frozen=True)
class Summary:
    """What became of a batch.

    Attributes:
        folder: the output folder.
        total: studies of the batch.
        skipped: studies that were done before.
        done: names of those done now.
        failed: name → why; those that could not be done, after all attempts.
        seconds: that it took.
        per_hour: studies ended per hour, without those that were skipped.
    """

    folder: Path
    total: int
    skipped: int
    done: list[str]
    failed: dict[str, str]
    seconds: float
    per_hour: float

    def to_json(self) -> dict[str, Any]:
        """As plain JSON has it."""
        return {
            "output": str(self.folder),
            "records": str(self.folder / RECORDS),
            "volumes": str(self.folder / VOLUMES),
            "total": self.total,
            "skipped": self.skipped,
            "done": len(self.done),
            "failed": self.failed,
            "seconds": round(self.seconds, 3),
            "studies_per_hour": round(self.per_hour, 1),
        }


def list_studies(source: Path, output: Path, channels: Channels = ()) -> tuple[list[BatchStudy], list[str]]:
    """The studies of a folder or of a CSV file, and warnings.

    Args:
        source: the folder, or the file.
        output: where results go.
        channels: what the volumes of 4-D files, or files with numbers, are.

    Raises:
        UsageError: see ``find_studies`` and ``read_table``.
    """
    return read_table(source) if os.path.isfile(source) else (find_studies(source, output, channels), [])


def run_batch(
    studies: Sequence[BatchStudy],
    output: Path,
    settings: Settings,
    executor: Callable[[], Executor],
    *,
    retries: int = 1,
    redo: bool = False,
    time_limit: float | None = None,
    listener: Listener | None = None,
) -> Summary:
    """Do all studies that are not done.

    Args:
        studies: from ``list_studies``.
        output: the output folder.
        settings: from ``settings_of``.
        executor: makes the workers' executor; called only if there is something to be done.
        retries: further attempts after one that failed by something that may pass.
        redo: do again what is done.
        time_limit: seconds for one study; None for no limit.
        listener: gets the events.

    Raises:
        HumorError: the batch cannot begin or go on; what is done stays done.
        KeyboardInterrupt, Cancelled: the same.
    """
    tell = listener or (lambda event: None)
    with BatchFolder(output) as folder:
        planned = list(plan(studies, folder, settings, redo))
        names = [each.study.id for each in planned]
        todo = [each for each in planned if each.action == DO]
        impossible = [each for each in planned if each.action == CANNOT]
        skipped = len(planned) - len(todo) - len(impossible)
        tell(_opening(len(planned), skipped, len(todo), len(impossible)))
        _settle(planned, folder, settings, tell)
        folder.write_table(names)
        failed = {each.study.id: each.reason for each in impossible}
        if not todo:
            return Summary(folder.path, len(planned), skipped, [], failed, 0.0, 0.0)
        pool = Pool(executor(), len(todo))
        runner = Runner(todo, folder, settings, pool, retries, tell, names, time_limit)
        try:
            pool.start()
            tell(Event("stage", "model", f"Loading the model in {_count(pool.size, 'worker')}"))
            runner.run()
        finally:
            pool.close()
            runner.sweep()
        eta = runner.eta
        failed |= runner.failed
        return Summary(folder.path, len(planned), skipped, runner.done, failed, eta.seconds, eta.per_hour)


def _settle(planned: Sequence[PlannedStudy], folder: BatchFolder, settings: Settings, tell: Listener) -> None:
    """Studies without work: those done, of which a kill may have kept the record, and the impossible."""
    for each in planned:
        study = each.study.id
        if each.action == SKIP and each.report is not None and each.wanted is not None:
            folder.refresh_stamp(study, each.wanted)
            folder.sweep(study)  # a kill may have come between the report and the tidying up
            if not folder.records.knows(study, each.report):
                folder.record(
                    done_record(study, each.report, settings, each.wanted.inputs, 1, recovered=True)
                )
        elif each.failure is not None:
            record = failed_record(study, each.failure, settings, {}, 1, 0.0)
            folder.record(record)
            tell(Event("warning", "study", f"{study}: failed: {each.failure.message}", data=record))


def _opening(total: int, skipped: int, todo: int, impossible: int) -> Event:
    words = [f"{_count(total, 'study')}: {skipped} done before, {todo} to do"]
    if impossible:
        words.append(f"{impossible} cannot be segmented")
    counts = {"total": total, "skipped": skipped, "todo": todo, "cannot": impossible}
    return Event("stage", "plan", ", ".join(words), data=counts)


def _count(number: int, what: str) -> str:
    if number == 1:
        return f"1 {what}"
    return f"{number} {what[:-1]}ies" if what.endswith("y") else f"{number} {what}s"
