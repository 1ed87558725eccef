"""A worker process of a batch: ``python -m humor.batch.worker``, started and fed by ``local.py``.

The first line on stdin is the settings, each further one a job; answers are lines on stdout. When
stdin ends the batch is gone, and so is this process, at once: its study will be done again by
whoever takes the batch up, and must not be written to from two sides.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import traceback
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, BinaryIO, TextIO

from ..errors import BundleError, Cancelled, HumorError, InputError, MemoryShortage, UsageError, UserFileError
from ..events import Event, Reporter
from ..interruption import interruptible
from ..memory.shortage import require_memory
from ..system_failures import in_words
from .messages import STOP, Ended, Failure, Job, Message, Progressed, Ready, Settings, Unable, to_line

if TYPE_CHECKING:
    from ..inference.segmenter import Segmenter


EXIT_ORPHANED = 3
_STEP = 0.02  # smallest progress that is told
_FINAL = (InputError, UsageError, BundleError, UserFileError)


def load_segmenter(settings: Settings) -> Segmenter:
    """Load the batch's model.

    Raises:
        HumorError: it is not here (on another computer), is another one, or does not run here.
    """
    require_memory()
    from ..bundle.bundle import load_bundle
    from ..bundle.store import find_bundle
    from ..pipeline import make_segmenter

    folder = settings.folder if os.path.isdir(settings.folder) else find_bundle(settings.model)
    bundle = load_bundle(folder)
    if bundle.sha256 != settings.sha256:
        raise BundleError(
            f"{bundle.folder}: this is not the model {settings.model} that the batch started with. "
            "Install the same model on every computer, and do not replace it while a batch runs."
        )
    return make_segmenter(bundle, settings.options)


def attempt(job: Job, settings: Settings, segmenter: Segmenter, reporter: Reporter) -> Ended:
    """Segment one study; whatever goes wrong becomes part of the answer.

    Raises:
        Cancelled, KeyboardInterrupt: the batch is to stop; nothing half written is left.
    """
    from ..pipeline import segment_files

    files = {sequence: Path(file) for sequence, file in job.files.items()}
    options = replace(settings.options, model=str(settings.folder))
    try:
        segment_files(files, Path(job.output), options, reporter, segmenter)
    except Cancelled:
        raise
    except Exception as error:
        return Ended(job.study, failure_of(error))
    return Ended(job.study)


def failure_of(error: Exception) -> Failure:
    """Any exception as a failure that can be told and written down."""
    known = error if isinstance(error, HumorError) else in_words(error)
    if known is not None:
        return Failure(type(known).__name__, str(known), not isinstance(known, _FINAL))
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    message = f"Unexpected failure ({what}). This should not happen: please report it."
    details = "".join(traceback.format_exception(error))
    return Failure(type(error).__name__, message, True, details)


def broken(ended: Ended) -> bool:
    """Whether the worker should not be used any more: nobody knows its state after such a failure."""
    return ended.failure is not None and bool(ended.failure.details)


def usable_cpus() -> list[int]:
    """Numbers of the logical processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def pin(cpus: list[int]) -> None:
    """Keep this process on these processors; OpenVINO and torch then start as many threads.

    Where the system knows no such thing (macOS), or forbids it, the number of threads is all.
    """
    try:
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, cpus)
        else:
            import psutil

            psutil.Process().cpu_affinity(cpus)
    except (OSError, ValueError, AttributeError, ImportError):
        return


class _Worker:
    def __init__(self, orders: BinaryIO, answers: TextIO, settings: Settings) -> None:
        self._orders = orders
        self._answers = answers
        self._settings = settings
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._reporter = Reporter()
        self._stopping = False

    def run(self) -> int:
        """Work until told to stop."""
        threading.Thread(target=self._listen, daemon=True).start()
        try:
            segmenter = load_segmenter(self._settings)
        except Cancelled:
            raise
        except Exception as error:
            if isinstance(error, HumorError) and not isinstance(error, MemoryShortage):
                self._say(Unable(type(error).__name__, str(error)))
            else:  # too little memory may pass, or do for fewer workers
                print(failure_of(error).message, file=sys.stderr)
            return 1
        self._say(Ready())
        while (job := self._jobs.get()) is not None:
            self._reporter = self._reporter_for(job)
            if self._stopping:
                break
            ended = attempt(job, self._settings, segmenter, self._reporter)
            self._say(ended)
            if broken(ended):
                return 1
        return 0

    def _listen(self) -> None:
        for line in self._orders:
            if line.strip() == STOP.encode():
                self._stopping = True
                self._reporter.cancel()
                self._jobs.put(None)
            else:
                self._jobs.put(Job(**json.loads(line)))
        os._exit(EXIT_ORPHANED)

    def _reporter_for(self, job: Job) -> Reporter:
        from ..pipeline import STAGES

        told = 0.0

        def tell(event: Event) -> None:
            nonlocal told
            if event.fraction is not None and event.fraction >= told + _STEP:
                told = event.fraction
                self._say(Progressed(job.study, told))

        return Reporter(tell, STAGES)

    def _say(self, message: Message) -> None:
        self._answers.write(to_line(message) + "\n")
        self._answers.flush()


def _own_pipes() -> tuple[BinaryIO, TextIO]:
    """Keep stdin and stdout for orders and answers.

    What a library prints goes to stderr. ``sys.stdin`` is nothing that a thread of ours waits for:
    a forked copy of this process would wait for its lock for ever.
    """
    orders, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "w", encoding="ascii")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return orders, answers


def main() -> int:
    """Run a worker; returns the exit code."""
    # Ctrl-C reaches every process of the terminal: the batch decides what becomes of its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    orders, answers = _own_pipes()
    first = json.loads(orders.readline())
    if first["cpus"]:
        pin(first["cpus"])
    try:
        with interruptible():
            return _Worker(orders, answers, Settings.from_json(first["settings"])).run()
    except (Cancelled, KeyboardInterrupt):
        return 0
    except BrokenPipeError:
        return EXIT_ORPHANED


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    os._exit(code)  # without waiting for libraries' threads, and with stdin still being read in one
