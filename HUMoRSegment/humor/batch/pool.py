"""A pool of workers that is kept full: who has which study, who died, who takes its place.

Where workers run is the crew's business: processes on this computer (``processes``) or actors of a
Ray cluster (``ray_pool``).
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
    """One worker of a crew."""

    def submit(self, job: Job) -> None:
        """Give it a study; asked only when it is ready and has none."""
        ...

    def kill(self) -> None:
        """End it at once; it is told of as ``Died``."""
        ...


class Crew(Protocol):
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
class _Place:
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
        crew: starts the workers.
        wanted: how many at most; no more are started than the crew has places for.
    """

    def __init__(self, crew: Crew, wanted: int) -> None:
        self._crew = crew
        self._places = [_Place(number) for number in range(min(wanted, crew.size))]
        self.notices: list[str] = []
        """Sentences about workers, for the user; whoever shows them empties the list."""

    @property
    def size(self) -> int:
        """How many workers there are or are being started."""
        return sum(place.worker is not None for place in self._places)

    def start(self) -> None:
        """Start all workers."""
        for place in self._places:
            self._launch(place)

    def free(self) -> int:
        """How many jobs can be given now."""
        return sum(place.ready and place.job is None for place in self._places)

    def submit(self, job: Job) -> None:
        """Give a job to a free worker."""
        place = next(place for place in self._places if place.ready and place.job is None)
        assert place.worker is not None
        place.job = job
        place.worker.submit(job)

    def kill(self, study: str) -> None:
        """End the worker that has this study, whatever it is doing; another takes its place."""
        for place in self._places:
            if place.worker is not None and place.job is not None and place.job.study == study:
                place.worker.kill()

    def end_slow_starts(self, limit: float) -> None:
        """End workers that have been loading their model for longer than so many seconds."""
        for place in self._places:
            if place.worker is None or place.ready or place.too_slow:
                continue
            if time.monotonic() - place.began > limit:
                place.too_slow = True
                place.worker.kill()

    def wait(self, seconds: float) -> list[Progressed | Ended]:
        """What became of jobs; waits so long for the first news.

        Raises:
            HumorError: no worker can load the model, or all died while loading it.
        """
        news: list[Progressed | Ended] = []
        for worker, message in self._crew.wait(seconds):
            place = next((place for place in self._places if place.worker is worker), None)
            if place is not None:
                news += self._heard(place, message)
        return news

    def close(self) -> None:
        """End all workers."""
        self._crew.close()

    def _heard(self, place: _Place, message: Message) -> list[Progressed | Ended]:
        if isinstance(message, Ready):
            place.ready = place.was_ready = True
            place.failed_starts = 0
        elif isinstance(message, Unable):
            self._unable(place, message)
        elif isinstance(message, Died):
            return self._died(place, message)
        elif place.job is not None and place.job.study == message.study:
            if isinstance(message, Ended):
                place.job = None
            return [message]
        return []

    def _unable(self, place: _Place, message: Unable) -> None:
        """A worker that never ran fails the batch: something is wrong with how it was called."""
        if not place.was_ready:
            raise _as_error(message)
        place.worker = None
        self._give_up(place, message.message)

    def _died(self, place: _Place, message: Died) -> list[Progressed | Ended]:
        job, was_loading = place.job, not place.ready
        reason = _too_slow(place) if place.too_slow else message.message
        place.worker, place.ready, place.job = None, False, None
        if was_loading:
            place.failed_starts += 1
        if place.failed_starts < MAX_FAILED_STARTS:
            self._launch(place)
        else:
            self._give_up(place, reason)
        return [] if job is None else [Ended(job.study, Failure(WORKER_DIED, message.message, again=True))]

    def _give_up(self, place: _Place, reason: str) -> None:
        self.notices.append(f"Worker {place.number + 1} cannot be started again. {reason}")
        if self.size == 0:
            raise HumorError(
                f"No worker is left: they end while they load the model. {reason} What is done stays done; "
                "the same command goes on from there."
            )

    def _launch(self, place: _Place) -> None:
        place.began, place.too_slow = time.monotonic(), False
        place.worker = self._crew.launch(place.number)


def _too_slow(place: _Place) -> str:
    return (
        f"It was still loading the model after {time.monotonic() - place.began:.0f} s and was ended. Look "
        "whether its device works ('humor doctor') and the model's files can be read ('humor models verify')."
    )


def _as_error(message: Unable) -> HumorError:
    kind: Any = getattr(errors, message.type, HumorError)
    error: HumorError = kind(message.message)
    return error
