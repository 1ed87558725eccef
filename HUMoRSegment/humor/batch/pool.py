"""A pool of workers that is kept full: who has which study, who died, who takes its slot.

Where workers run is the executor's business: processes on this computer (``local``) or actors of a
Ray cluster (``ray``).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from .. import errors
from ..errors import HumorError
from .messages import WORKER_DIED, Died, Ended, Failure, Job, Message, Progressed, Ready, Unable

MAX_FAILED_STARTS = 3
"""So often in a row a worker may die while it loads the model; then its place stays empty."""


class Worker(Protocol):
    """One worker of an executor."""

    def submit(self, job: Job) -> None:
        """Give it a study; asked only when it is ready and has none."""
        ...

    def kill(self) -> None:
        """End it at once; it is told of as ``Died``."""
        ...


class Executor(Protocol):
    """Starts workers and hears what they say."""

    @property
    def size(self) -> int:
        """How many workers there can be at a time."""
        ...

    def launch(self, number: int) -> Worker:
        """Start the worker with this number, from 0 on."""
        ...

    def wait(self, seconds: float) -> Sequence[tuple[Worker, Message]]:
        """What workers said; waits so long for the first word. After ``Died`` a worker is gone."""
        ...

    def close(self) -> None:
        """End all workers; what they were at is given up."""
        ...


@dataclass
class _Slot:
    number: int
    worker: Worker | None = None
    ready: bool = False
    was_ready: bool = False
    failed_starts: int = 0
    began: float = 0.0
    too_slow: bool = False
    job: Job | None = None


class Pool:
    """Workers that take jobs.

    Args:
        executor: starts the workers.
        wanted: how many at most; no more are started than the executor has places for.
    """

    def __init__(self, executor: Executor, wanted: int) -> None:
        self._executor = executor
        self._slots = [_Slot(number) for number in range(min(wanted, executor.size))]
        self.notices: list[str] = []
        """Sentences about workers, for the user; whoever shows them empties the list."""

    @property
    def size(self) -> int:
        """How many workers there are or are being started."""
        return sum(slot.worker is not None for slot in self._slots)

    def start(self) -> None:
        """Start all workers."""
        for slot in self._slots:
            self._launch(slot)

    def free(self) -> int:
        """How many jobs can be given now."""
        return sum(slot.ready and slot.job is None for slot in self._slots)

    def submit(self, job: Job) -> None:
        """Give a job to a free worker."""
        slot = next(slot for slot in self._slots if slot.ready and slot.job is None)
        assert slot.worker is not None
        slot.job = job
        slot.worker.submit(job)

    def kill(self, study: str) -> None:
        """End the worker that has this study, whatever it is doing; another takes its slot."""
        for slot in self._slots:
            if slot.worker is not None and slot.job is not None and slot.job.study == study:
                slot.worker.kill()

    def end_slow_starts(self, limit: float) -> None:
        """End workers that have been loading their model for longer than so many seconds."""
        for slot in self._slots:
            if slot.worker is None or slot.ready or slot.too_slow:
                continue
            if time.monotonic() - slot.began > limit:
                slot.too_slow = True
                slot.worker.kill()

    def wait(self, seconds: float) -> list[Progressed | Ended]:
        """What became of jobs; waits so long for the first news.

        Raises:
            HumorError: no worker can load the model, or all died while loading it.
        """
        news: list[Progressed | Ended] = []
        for worker, message in self._executor.wait(seconds):
            slot = next((slot for slot in self._slots if slot.worker is worker), None)
            if slot is not None:
                news += self._heard(slot, message)
        return news

    def close(self) -> None:
        """End all workers."""
        self._executor.close()

    def _heard(self, slot: _Slot, message: Message) -> list[Progressed | Ended]:
        if isinstance(message, Ready):
            slot.ready = slot.was_ready = True
            slot.failed_starts = 0
        elif isinstance(message, Unable):
            self._unable(slot, message)
        elif isinstance(message, Died):
            return self._died(slot, message)
        elif slot.job is not None and slot.job.study == message.study:
            if isinstance(message, Ended):
                slot.job = None
            return [message]
        return []

    def _unable(self, slot: _Slot, message: Unable) -> None:
        """A worker that never ran fails the batch: something is wrong with how it was called."""
        if not slot.was_ready:
            raise _as_error(message)
        slot.worker = None
        self._give_up(slot, message.message)

    def _died(self, slot: _Slot, message: Died) -> list[Progressed | Ended]:
        job, was_loading = slot.job, not slot.ready
        reason = _too_slow(slot) if slot.too_slow else message.message
        slot.worker, slot.ready, slot.job = None, False, None
        if was_loading:
            slot.failed_starts += 1
        if slot.failed_starts < MAX_FAILED_STARTS:
            self._launch(slot)
        else:
            self._give_up(slot, reason)
        return [] if job is None else [Ended(job.study, Failure(WORKER_DIED, message.message, again=True))]

    def _give_up(self, slot: _Slot, reason: str) -> None:
        self.notices.append(f"Worker {slot.number + 1} cannot be started again. {reason}")
        if self.size == 0:
            raise HumorError(
                f"No worker is left: they stop while they load the model. {reason} Finished studies are "
                "kept; the same command continues from there."
            )

    def _launch(self, slot: _Slot) -> None:
        slot.began, slot.too_slow = time.monotonic(), False
        slot.worker = self._executor.launch(slot.number)


def _too_slow(slot: _Slot) -> str:
    return (
        f"It was still loading the model after {time.monotonic() - slot.began:.0f} s and was stopped. Check "
        "that its device works ('humor doctor') and that the model is whole ('humor models verify')."
    )


def _as_error(message: Unable) -> HumorError:
    kind: Any = getattr(errors, message.type, HumorError)
    error: HumorError = kind(message.message)
    return error
