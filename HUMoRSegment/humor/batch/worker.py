"""A worker process of a batch: ``python -m humor.batch.worker``, started and fed by ``processes.py``.

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
from queue import SimpleQueue
from typing import BinaryIO, TextIO

from ..errors import Cancelled, HumorError, MemoryShortage
from ..events import Event, Reporter
from ..interruption import interruptible
from .attempt import attempt, broken, failure_of, make_segmenter
from .cpus import pin
from .messages import Job, Message, Progressed, Ready, Unable, to_line
from .settings import Settings

EXIT_ORPHANED = 3
STOP = "stop"
"""The line that asks for an end: the study at work is given up cleanly."""
_STEP = 0.02  # smallest progress that is told


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
            segmenter = make_segmenter(self._settings)
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
