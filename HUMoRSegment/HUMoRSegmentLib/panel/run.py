"""*Segment* and *Cancel*: whether a run can start, how far it is, and how it ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slicer.i18n import tr as _

from humor.sequences import DISPLAY_NAMES

from ..inputs.preflight import ERROR, OK
from ..logic import HUMoRSegmentLogic
from ..parameters import HUMoRSegmentParameterNode
from ..result import SceneResult
from ..run.task import Run
from .qt_helpers import Follower, ensure_installed
from .section import Section, chosen_options, chosen_sequences, say
from .text import failure_sentence, mark, percent, progress


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
        say(self._widgets.message, mark(ERROR, failure_sentence(error)))


class RunSection(Section):
    """Segmenting what is chosen.

    Args:
        ui: the widgets.
        logic: the module's logic.
        obstacle: says why a run cannot start; empty if it can.
        arrived: called with a result that is in the scene.
        changed: called when a run began or ended.
    """

    def __init__(
        self,
        ui: Any,
        logic: HUMoRSegmentLogic,
        obstacle: Callable[[], str],
        arrived: Callable[[SceneResult], None],
        changed: Callable[[], None],
    ) -> None:
        super().__init__(ui, logic)
        self._arrived = arrived
        widgets = RunWidgets(
            start=ui.segmentButton,
            cancel=ui.cancelButton,
            bar=ui.progressBar,
            obstacle=ui.missingNote,
            stage=ui.stageNote,
            message=ui.messageNote,
        )
        self.controls = RunControls(widgets, self._begin, obstacle, self._finished, changed)

    def update(self, parameters: HUMoRSegmentParameterNode | None) -> None:
        """Show whether these parameters can be run."""
        super().update(parameters)
        self.controls.refresh()

    def close(self) -> None:
        """End the run: its scene goes away."""
        self.controls.abandon(_("The run was ended, because its scene was closed."))

    def _begin(self) -> Run | None:
        parameters = self.parameters
        if parameters is None:
            return None
        options = chosen_options(parameters)
        ensure_installed(self.logic, options.model, options.device)
        if self.parameters is not parameters:  # the scene was closed during the installation
            return None
        return self.logic.start(chosen_sequences(parameters), options, parameters.segmentation)

    def _finished(self, run: Run, result: SceneResult) -> str:
        self._arrived(result)
        text = (
            _("Done in {seconds} s. Warnings: {number}, listed with the result below.")
            if result.warnings
            else _("Done in {seconds} s.")
        )
        return mark(OK, text.format(seconds=f"{run.task.seconds:.0f}", number=len(result.warnings)))


def what_is_missing(
    parameters: HUMoRSegmentParameterNode | None, errors: Sequence[str], model_problem: str
) -> str:
    """The first thing that is in the way of a run; empty if nothing is.

    Args:
        parameters: the panel's choices; None while a scene is being closed.
        errors: what the check of the volumes found that cannot be segmented.
        model_problem: why the chosen model cannot be used; empty if it can.
    """
    if parameters is None:
        return _("Open a scene first.")
    given = chosen_sequences(parameters)
    if not given:
        return _("Choose at least one volume: T1, T1c, T2 or FLAIR.")
    if parameters.reference and parameters.reference not in given:
        return _(
            "The result is wanted on the grid of {name}, but no volume is chosen for {name}. "
            "Choose another grid."
        ).format(name=DISPLAY_NAMES.get(parameters.reference, parameters.reference))
    # Aligning may mend what the check of the volumes found; the engine looks again afterwards.
    return model_problem or (errors[0] if errors and not parameters.register_first else "")
