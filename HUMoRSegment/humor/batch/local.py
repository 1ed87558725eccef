"""Workers as processes on this computer."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from itertools import pairwise
from pathlib import Path
from queue import Empty, Queue

from ..memory.available import GB, main_memory
from ..memory.shortage import NEEDED_GB
from .messages import STOP, Died, Job, Message, Settings, from_line
from .worker import usable_cpus

GRACE = 10.0  # seconds for a worker to give up its study; a network's pass cannot be interrupted
_LAST_LINES = 15
_PIPE_SECONDS = 1.0  # for what is left in the pipes of a process that has ended
Inbox = Queue["tuple[LocalWorker, Message]"]
# Each library has its own way to be told how many threads to use.
_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS",
)


class LocalExecutor:
    """An executor (see ``pool``) of child processes, one for each device named.

    Args:
        settings: of the batch.
        devices: of the workers; one may be named more than once.
    """

    def __init__(self, settings: Settings, devices: Sequence[str]) -> None:
        self.size = len(devices)
        self._settings = [
            replace(settings, options=replace(settings.options, device=device)) for device in devices
        ]
        # By the workers wanted, not by those that the last few studies need: the number of threads
        # decides the rounding in bf16, and a batch that goes on must not differ from one at a stretch.
        self._cpus = shares(usable_cpus(), self.size) if self.size > 1 else [[]]
        self._inbox: Inbox = Queue()
        self._running: list[LocalWorker] = []

    def launch(self, number: int) -> LocalWorker:
        """Start the worker with this number; it says ``Ready`` or ``Unable``."""
        process = LocalWorker(self._settings[number], self._cpus[number], self._inbox)
        self._running.append(process)
        return process

    def wait(self, seconds: float) -> list[tuple[LocalWorker, Message]]:
        """What workers said; waits so long for the first word."""
        try:
            said = [self._inbox.get(timeout=seconds)]
        except Empty:
            return []
        with suppress(Empty):
            while True:
                said.append(self._inbox.get_nowait())
        for process, message in said:
            if isinstance(message, Died):
                self._running.remove(process)
                process.close()
        return said

    def close(self) -> None:
        """Ask all to end, wait a little, end those that did not."""
        for process in self._running:
            process.stop()
        deadline = time.monotonic() + GRACE
        for process in self._running:
            process.end(max(0.0, deadline - time.monotonic()))
            process.close()
        self._running.clear()


class LocalWorker:
    """One worker process; threads put its answers, and its end, into an inbox."""

    def __init__(self, settings: Settings, cpus: list[int], inbox: Inbox) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"{__package__}.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_environment(len(cpus)),
            encoding="utf-8",
            errors="replace",
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        self._errors: deque[str] = deque(maxlen=_LAST_LINES)
        self._threads = [
            threading.Thread(target=self._read_errors, daemon=True),
            threading.Thread(target=self._read_answers, args=(inbox,), daemon=True),
            threading.Thread(target=self._watch, args=(inbox,), daemon=True),
        ]
        for thread in self._threads:
            thread.start()
        self._write(json.dumps({"settings": settings.to_json(), "cpus": cpus}))

    @property
    def pid(self) -> int:
        """The operating system's number of the process."""
        return self._process.pid

    def submit(self, job: Job) -> None:
        """Give it a study; a worker that died meanwhile is told of as ``Died``."""
        self._write(json.dumps(asdict(job)))

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()

    def stop(self) -> None:
        """Ask it to end."""
        self._write(STOP)

    def end(self, seconds: float) -> None:
        """Wait so long for its end, then kill it."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def close(self) -> None:
        """Let go of the pipes of a process that has ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None and self._process.stderr is not None
        with suppress(OSError):
            self._process.stdin.close()
        for thread, pipe in zip(self._threads, (self._process.stderr, self._process.stdout), strict=False):
            thread.join(_PIPE_SECONDS)
            if not thread.is_alive():  # else someone whom the worker has started holds the pipe
                pipe.close()

    def _write(self, line: str) -> None:
        assert self._process.stdin is not None
        with suppress(OSError, ValueError):  # it has gone: _read_answers tells
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()

    def _read_answers(self, inbox: Inbox) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            try:
                inbox.put((self, from_line(line)))
            except ValueError as error:
                self._errors.append(str(error))

    def _watch(self, inbox: Inbox) -> None:
        """Tell of its end; the end of its pipes would not do, as its own children may hold them."""
        code = self._process.wait()
        for thread in self._threads[:2]:  # its last words
            thread.join(_PIPE_SECONDS)
        inbox.put((self, Died(_how_it_ended(code, list(self._errors)))))

    def _read_errors(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self._errors.append(line.rstrip())


def _environment(threads: int) -> dict[str, str]:
    """As ours, with the engine importable as it is here, and threads limited if there is a number."""
    engine = str(Path(__file__).resolve().parents[2])
    paths = [engine, *filter(None, [os.environ.get("PYTHONPATH")])]
    limits = thread_variables(threads) if threads else {}
    return {**os.environ, **limits, "PYTHONPATH": os.pathsep.join(paths)}


def _how_it_ended(code: int, errors: list[str]) -> str:
    if code < 0:
        with suppress(ValueError):
            name = signal.Signals(-code).name
            memory = " The usual cause is too little memory: use fewer workers." if name == "SIGKILL" else ""
            return f"The worker process was stopped from outside ({name}).{memory}{_said(errors)}"
    return f"The worker process ended by itself (exit code {code}).{_said(errors)}"


def _said(errors: list[str]) -> str:
    words = " | ".join(line for line in errors if line.strip())
    return f" Its last output: {words}" if words else ""


def shares(cpus: list[int], workers: int) -> list[list[int]]:
    """One part for each worker, as equal as can be, none empty.

    With more workers than processors some share one.
    """
    if workers >= len(cpus):
        return [[cpus[number % len(cpus)]] for number in range(workers)]
    ends = [round(len(cpus) * number / workers) for number in range(workers + 1)]
    return [cpus[begin:end] for begin, end in pairwise(ends)]


def thread_variables(count: int) -> dict[str, str]:
    """Environment for a process that shall use so many threads; what the user has set goes first."""
    return {name: str(count) for name in _THREAD_VARIABLES if name not in os.environ}


def room_warnings(workers: int) -> list[str]:
    """A sentence where so many workers may be short of memory: each one sees only what is free now."""
    memory = main_memory()
    enough = max(1, int(memory.free / (NEEDED_GB * GB)))
    if workers <= enough:
        return []
    return [
        f"{workers} workers need about {workers * NEEDED_GB:.1f} GB of memory for studies of 240×240×155 "
        f"voxels; {memory} are free. If memory runs short, the system may stop workers, or smaller windows "
        f"are used, which gives worse results. Use --workers {enough}."
    ]
