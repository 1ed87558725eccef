"""The batch at work: gives studies to the pool, writes down how each ends, tries again what may go better."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from ..errors import InputError, OutputError
from ..events import Event, Listener
from ..interruption import check
from .batch_folder import BatchFolder
from .messages import WORKER_DIED, Ended, Failure, Job, Progressed, Settings
from .plan import PlannedStudy, stamp_for
from .pool import Pool
from .records import Record, done_record, failed_record
from .state import RunStamp, read_report, report_hash

_PAUSE = 0.5  # seconds between two looks when no worker says anything
LONGEST_START = 600.0
"""Seconds for a worker to load its model, where there is a time limit at all."""
_TELL_EVERY = 0.2  # seconds between two events of progress


class Eta:
    """How far a batch is, how fast it goes, and how long it will take.

    Args:
        total: studies to be done.
        clock: seconds, monotonic; a parameter so that tests need not wait.
    """

    def __init__(self, total: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.total = total
        self.ended = 0
        self._clock = clock
        self._begin = clock()
        self._at_work: dict[str, float] = {}

    def progressed(self, study: str, fraction: float) -> None:
        """A study at work is done to this share."""
        self._at_work[study] = fraction

    def stopped(self, study: str, for_good: bool) -> None:
        """An attempt ended; ``for_good`` if the study will not be tried again."""
        self._at_work.pop(study, None)
        self.ended += for_good

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return self._clock() - self._begin

    @property
    def fraction(self) -> float:
        """Share of the whole, 0 to 1."""
        return min(1.0, self._amount / self.total) if self.total else 1.0

    @property
    def seconds_left(self) -> float | None:
        """Estimate; None as long as nothing can be said."""
        if self.total and self._amount > 0:
            return self.seconds * max(0.0, self.total - self._amount) / self._amount
        return None

    @property
    def per_hour(self) -> float:
        """Studies that ended, per hour."""
        return 3600 * self.ended / self.seconds if self.seconds > 0 else 0.0

    @property
    def _amount(self) -> float:
        return self.ended + sum(self._at_work.values())


@dataclass
class _Attempt:
    planned: PlannedStudy
    number: int = 1
    begin: float = 0.0
    stamp: RunStamp = field(default_factory=lambda: RunStamp({}, "", ""))


class Runner:
    """Does the studies of a plan.

    Args:
        planned: those to be done.
        folder: entered.
        settings: the batch's.
        pool: its workers; the caller starts and closes it.
        retries: further attempts after one that failed by something that may pass.
        listener: gets the events.
        table: names of all studies of the batch, for the table of volumes.
        time_limit: seconds after which a study's worker is ended and the study has failed, or a
            worker that loads its model for longer than ``LONGEST_START``; None for no limits.
    """

    def __init__(
        self,
        planned: Sequence[PlannedStudy],
        folder: BatchFolder,
        settings: Settings,
        pool: Pool,
        retries: int,
        listener: Listener,
        table: Sequence[str],
        time_limit: float | None = None,
    ) -> None:
        self._queue = deque(_Attempt(each) for each in planned)
        self._at_work: dict[str, _Attempt] = {}
        self._folder, self._settings, self._pool = folder, settings, pool
        self._retries, self._listener, self._table = retries, listener, table
        self._time_limit, self._out_of_time = time_limit, set[str]()
        self._told = 0.0
        self._table_kept = ""
        self.eta = Eta(len(planned))
        self.done: list[str] = []
        self.failed: dict[str, str] = {}

    def run(self) -> None:
        """Until every study is done or has failed for good.

        Raises:
            HumorError: the batch cannot go on: no worker is left, or nothing can be written.
        """
        while self._queue or self._at_work:
            while self._queue and self._pool.free():
                self._begin(self._queue.popleft())
            for news in self._pool.wait(_PAUSE):
                if isinstance(news, Progressed):
                    self.eta.progressed(news.study, news.fraction)
                else:
                    self._ended(self._at_work.pop(news.study), news)
            self._watch_the_clock()
            self._tell()
            check()

    def sweep(self) -> None:
        """After the pool was closed: remove what studies that were at work have left."""
        for study in self._at_work:
            self._folder.sweep(study)

    def _begin(self, attempt: _Attempt) -> None:
        study = attempt.planned.study
        attempt.begin = time.monotonic()
        results = self._folder.results(study.id)
        try:
            if os.path.islink(results):
                raise OutputError(f"{results} is a link, and links are not followed. Remove it.")
            attempt.stamp = stamp_for(study, self._settings, report_hash(results))
            self._folder.write_stamp(study.id, attempt.stamp)
        except (InputError, OutputError) as error:
            self._failed(attempt, Failure(type(error).__name__, str(error)))
            return
        self._at_work[study.id] = attempt
        files = {sequence: str(stat["path"]) for sequence, stat in attempt.stamp.inputs.items()}
        self._pool.submit(Job(study.id, files, str(results)))

    def _watch_the_clock(self) -> None:
        """End workers whose study, or start, takes too long; the next news is that they died."""
        if self._time_limit is None:
            return
        self._pool.end_slow_starts(LONGEST_START)
        for study, attempt in self._at_work.items():
            if study not in self._out_of_time and time.monotonic() - attempt.begin > self._time_limit:
                self._out_of_time.add(study)
                self._pool.kill(study)

    def _ended(self, attempt: _Attempt, ended: Ended) -> None:
        study = attempt.planned.study
        failure = ended.failure or self._unfit(attempt)
        if study.id in self._out_of_time:
            self._out_of_time.discard(study.id)
            if failure is not None and failure.type == WORKER_DIED:
                failure = Failure(
                    "TimeLimit",
                    f"{study.source}: it was not done after {self._time_limit:g} s and was stopped. Allow "
                    "more time with --time-limit, or check what is unusual about it.",
                )
        report = None if failure else read_report(self._folder.results(study.id))
        if failure is None and (report is None or report.sha256 == attempt.stamp.replaces):
            failure = Failure(
                "OutputError",
                f"{self._folder.results(study.id)}: the worker has finished, but its results cannot be seen "
                "from here. The output folder must be the same place for all workers.",
            )
        if failure is not None or report is None:
            assert failure is not None
            self._failed(attempt, failure)
            return
        record = done_record(study.id, report, self._settings, attempt.stamp.inputs, attempt.number)
        record["attempt_seconds"] = round(time.monotonic() - attempt.begin, 3)
        self._write(record)
        self.done.append(study.id)
        self.eta.stopped(study.id, for_good=True)
        volumes = ", ".join(f"{key} {ml:.1f} ml" for key, ml in record["volumes_ml"].items())
        self._say("progress", f"{study.id}: {volumes} ({record['attempt_seconds']:.1f} s)", record)

    def _unfit(self, attempt: _Attempt) -> Failure | None:
        """Files that were replaced while they were read: nobody knows what the result shows."""
        study = attempt.planned.study
        try:
            same = stamp_for(study, self._settings).inputs == attempt.stamp.inputs
        except InputError as error:
            self._folder.drop_stamp(study.id)
            return Failure(InputError.__name__, str(error))
        if same:
            return None
        self._folder.drop_stamp(study.id)
        return Failure("InputError", f"{study.source}: its files changed while they were read.", again=True)

    def _failed(self, attempt: _Attempt, failure: Failure) -> None:
        study = attempt.planned.study
        self._folder.sweep(study.id)
        seconds = time.monotonic() - attempt.begin
        record = failed_record(
            study.id, failure, self._settings, attempt.stamp.inputs, attempt.number, seconds
        )
        again = failure.again and attempt.number <= self._retries
        self._write(record)
        self.eta.stopped(study.id, for_good=not again)
        if again:
            # Behind all others: by then what was in the way may have gone.
            self._queue.append(replace(attempt, number=attempt.number + 1))
        else:
            self.failed[study.id] = failure.message
        then = " It will be tried again later." if again else ""
        self._say("warning", f"{study.id}: failed: {failure.message}{then}", record)

    def _write(self, record: Record) -> None:
        self._folder.record(record)
        try:
            self._folder.write_table(self._table)
        except OutputError as error:  # the records have it all: no reason to stop
            if str(error) != self._table_kept:
                self._table_kept = str(error)
                self._say("warning", str(error), {})

    def _tell(self) -> None:
        for notice in self._pool.notices:
            self._say("warning", notice, {})
        self._pool.notices.clear()
        now = time.monotonic()
        if now - self._told >= _TELL_EVERY:
            self._told = now
            text = f"{self.eta.ended} of {self.eta.total}, {self.eta.per_hour:.0f} studies/hour"
            event = Event("progress", "batch", text, self.eta.fraction, self.eta.seconds_left)
            self._listener(event)

    def _say(self, kind: str, message: str, record: Record) -> None:
        self._listener(Event(kind, "study", message, self.eta.fraction, self.eta.seconds_left, record))
