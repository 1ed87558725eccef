"""A run: the command that works in a child process, followed by polling, and what becomes of its result."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from slicer.i18n import tr as _

from humor.errors import HumorError
from humor.events import Event, Listener

from .process import ChildProcess
from .protocol import sentence_of_end, sentence_of_error, was_cancelled
from .temporary_files import remove_folder

RUNNING, DONE, FAILED, CANCELLED = "running", "done", "failed", "cancelled"
OUTPUT = "output"
"""The folder of results, inside the task's own."""


class Task:
    """One ``humor`` command with a temporary folder of its own.

    ::

        task.start()
        while task.poll():       # or from a timer
            print(task.stage, task.fraction)
        if task.state == DONE:
            use(task.output)
        task.close()

    Args:
        arguments: what follows ``python -m humor``, without ``--output``; the results go into
            ``output``.
        folder: the task's own folder, absolute; removed by ``close``.
        listener: also gets every event, on the thread that polls.

    Attributes:
        state: ``RUNNING`` (also before ``start``), ``DONE``, ``FAILED`` or ``CANCELLED``.
        stage: a sentence about what is being done.
        fraction: share of the whole that is done, 0 to 1, or None where unknown.
        seconds_left: estimate, or None where unknown.
        warnings: sentences that came so far.
        result: data of the ``result`` event; empty before.
        error: for ``FAILED``: what went wrong and what to do.
        seconds: since the start, or what it took.
    """

    def __init__(self, arguments: Sequence[str], folder: Path, listener: Listener | None = None) -> None:
        self.folder = folder
        self.output = folder / OUTPUT
        self.state = RUNNING
        self.stage = ""
        self.fraction: float | None = None
        self.seconds_left: float | None = None
        self.warnings: list[str] = []
        self.result: dict[str, Any] = {}
        self.error = ""
        self.seconds = 0.0
        self._process = ChildProcess([*arguments, "--output", str(self.output)])
        self._listener = listener
        self._begin: float | None = None
        self._failure: Event | None = None
        self._cancel_wanted = False

    @property
    def pid(self) -> int | None:
        """The first process of the command; None before ``start``."""
        return self._process.pid

    def start(self) -> None:
        """Start the command and return at once.

        Raises:
            HumorError: it cannot be started.
        """
        self.stage = _("Starting")
        self._process.start()
        self._begin = time.monotonic()

    def poll(self) -> bool:
        """Take what came meanwhile; whether the command still runs. Never waits."""
        if self.state != RUNNING or self._begin is None:
            return False
        for event in self._process.poll():
            self._take(event)
        self.seconds = time.monotonic() - self._begin
        if self._process.running and not self._is_complete():
            return True
        self._settle()
        return False

    def cancel(self) -> None:
        """End the command and all that it started; ``poll`` until it has ended."""
        if self.state == RUNNING and self._begin is not None:
            self._cancel_wanted = True
            self.stage, self.seconds_left = _("Cancelling"), None
            self._process.terminate()

    def wait(self, breathe: Callable[[], None], pause: float = 0.02) -> None:
        """Return when the command has ended.

        Args:
            breathe: called again and again, to keep the window alive; may ``cancel``.
            pause: seconds between two looks.
        """
        while self.poll():
            breathe()
            time.sleep(pause)

    def close(self) -> None:
        """Kill what still runs and remove the folder. May be called twice."""
        self._process.kill()
        if self.state == RUNNING:
            self.state = CANCELLED
        remove_folder(self.folder)

    def _is_complete(self) -> bool:
        """Whether all results are on disk: the command says so last, and only tidies up its memory then."""
        return bool(self.result) and self._failure is None and not self._cancel_wanted

    def _take(self, event: Event) -> None:
        if event.kind == "warning":
            self.warnings.append(event.message)
        elif event.kind == "result":
            self.result = event.data
        elif event.kind == "error":
            self._failure = event
        elif not self._cancel_wanted:
            self._follow(event)
        if self._listener is not None:
            self._listener(event)

    def _follow(self, event: Event) -> None:
        """Take over what a ``stage`` or ``progress`` event says."""
        self.stage = event.message or (event.stage if event.kind == "stage" else self.stage)
        if event.fraction is not None:
            self.fraction, self.seconds_left = event.fraction, event.seconds_left

    def _settle(self) -> None:
        """How it ended; a cancel counts even where the result came just before it."""
        self.seconds_left = None
        code = self._process.exit_code
        failure = self._failure
        if self._cancel_wanted or was_cancelled(code, failure.data if failure is not None else {}):
            self.state = CANCELLED
        elif failure is not None:
            self.state = FAILED
            self.error = sentence_of_error(failure.message, failure.data)
        elif self.result and code in (0, None):  # None: it is still tidying up
            self.state, self.fraction = DONE, 1.0
        else:
            self.state = FAILED
            self.error = sentence_of_end(code, self._process.stderr_tail())


class Run:
    """One run, followed by polling, so that the window stays alive.

    ::

        run = logic.start(sequences)
        while run.poll():        # or from a timer
            ...
        result = run.finish()

    Args:
        task: the command, started.
        show: brings the result of the finished task into the scene and returns its node or nodes.
    """

    def __init__(self, task: Task, show: Callable[[Task], Any]) -> None:
        self.task = task
        self._show = show

    def poll(self) -> bool:
        """Take what the child process said; whether it still runs."""
        return self.task.poll()

    def cancel(self) -> None:
        """End the child process and all that it started. ``poll`` until it has ended."""
        self.task.cancel()

    def finish(self) -> Any:
        """Bring the result into the scene, on the main thread, and remove the temporary files.

        Returns:
            A ``SceneResult``, or the table node of a run that explains the sequences; None if the run
            was cancelled.

        Raises:
            HumorError: the run failed; or its result cannot be shown, and then the scene is as it was.
        """
        try:
            if self.task.state == FAILED:
                raise HumorError(self.task.error)
            return self._show(self.task) if self.task.state == DONE else None
        finally:
            self.close()

    def close(self) -> None:
        """Kill what still runs and remove the temporary files. May be called twice."""
        self.task.close()
