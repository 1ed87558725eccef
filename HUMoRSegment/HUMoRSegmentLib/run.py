"""A run in Slicer: the child process that works, and what becomes of its result in the scene."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .child.task import Task

RUNNING, DONE, FAILED, CANCELLED = "running", "done", "failed", "cancelled"


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
        from humor.errors import HumorError

        try:
            if self.task.state == FAILED:
                raise HumorError(self.task.error)
            return self._show(self.task) if self.task.state == DONE else None
        finally:
            self.close()

    def close(self) -> None:
        """Kill what still runs and remove the temporary files. May be called twice."""
        self.task.close()
