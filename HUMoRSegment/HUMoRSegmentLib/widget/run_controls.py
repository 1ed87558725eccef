"""A button that starts a run, one that cancels it, a bar, and what is said meanwhile and afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slicer.i18n import tr as _

from ..run import Run
from .failures import sentence
from .follower import Follower
from .panel import say
from .words import ERROR, mark, percent, progress


@dataclass(frozen=True)
class RunWidgets:
    """The widgets of one run.

    Attributes:
        start: button.
        cancel: button.
        bar: per cent.
        obstacle: label that says why a run cannot start.
        stage: label that says what a run is doing.
        message: label that says how the last run ended.
    """

    start: Any
    cancel: Any
    bar: Any
    obstacle: Any
    stage: Any
    message: Any


class RunControls:
    """One run at a time. The button can be pressed again after every end, good or bad.

    Args:
        widgets: where things are shown.
        begin: starts a run; None if there is nothing to start it for any more. May ask the user.
        obstacle: says why a run cannot start; empty if it can.
        finished: takes a run's result, which is in the scene, and says what to tell.
        changed: called when a run began or ended.
    """

    def __init__(
        self,
        widgets: RunWidgets,
        begin: Callable[[], Run | None],
        obstacle: Callable[[], str],
        finished: Callable[[Run, Any], str],
        changed: Callable[[], None],
    ) -> None:
        self._widgets, self._begin, self._obstacle = widgets, begin, obstacle
        self._finished, self._changed = finished, changed
        self._run: Run | None = None
        self._starting = False
        self._follower = Follower(self._poll, self._ended, self._broke)
        widgets.start.connect("clicked(bool)", self._start)
        widgets.cancel.connect("clicked(bool)", self._cancel)
        say(widgets.message, "")

    @property
    def busy(self) -> bool:
        """Whether a run is starting or under way."""
        return self._starting or self._run is not None

    @property
    def folder(self) -> Path | None:
        """The temporary folder of the run that is under way."""
        return self._run.task.folder if self._run is not None else None

    def refresh(self) -> None:
        """Show whether a run can start."""
        obstacle = "" if self.busy else self._obstacle()
        self._widgets.start.enabled = not self.busy and not obstacle
        self._widgets.cancel.enabled = self._run is not None
        self._widgets.bar.visible = self.busy
        say(self._widgets.obstacle, obstacle)
        if not self.busy:
            say(self._widgets.stage, "")

    def abandon(self, reason: str = "") -> None:
        """End the run now and forget it.

        Args:
            reason: what to tell the user if there was one.
        """
        self._follower.stop()
        run, self._run = self._run, None
        if run is not None:
            run.close()
        say(self._widgets.message, reason if run is not None else "")
        self._changed()

    def _start(self, _checked: bool = False) -> None:
        if self.busy:
            return
        say(self._widgets.message, "")
        self._starting = True  # installing lets the window react, so the button could be pressed again
        self._changed()
        try:
            self._run = self._begin()
            if self._run is not None:
                self._show_progress()
                self._follower.start()
        except Exception as error:
            self._fail(error)
        finally:
            self._starting = False
            self._changed()

    def _cancel(self, _checked: bool = False) -> None:
        if self._run is not None:
            self._run.cancel()
            self._show_progress()

    def _poll(self) -> bool:
        if self._run is None:
            return False
        alive = self._run.poll()
        self._show_progress()
        return alive

    def _show_progress(self) -> None:
        if self._run is not None:
            task = self._run.task
            self._widgets.bar.value = percent(task.fraction)
            say(self._widgets.stage, progress(task.stage, task.fraction, task.seconds_left))

    def _ended(self) -> None:
        run, self._run = self._run, None
        if run is None:
            return
        try:
            result = run.finish()
            cancelled = _("Cancelled: the scene is as it was.")
            say(self._widgets.message, cancelled if result is None else self._finished(run, result))
        except Exception as error:
            self._fail(error)
        finally:
            self._changed()

    def _broke(self, error: Exception) -> None:
        self.abandon()
        self._fail(error)

    def _fail(self, error: Exception) -> None:
        say(self._widgets.message, mark(ERROR, sentence(error)))
