"""Segment and Cancel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from slicer.i18n import tr as _

from ..logic import HUMoRSegmentLogic
from ..parameters import HUMoRSegmentParameterNode
from ..run import Run
from ..scene.result import SceneResult
from .choices import chosen_options, chosen_sequences
from .consent import ensure_installed
from .panel import Panel
from .run_controls import RunControls, RunWidgets
from .words import OK, mark


class RunPanel(Panel):
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
        text = mark(OK, _("Done in {seconds} s.").format(seconds=f"{run.task.seconds:.0f}"))
        if not result.warnings:
            return text
        number = len(result.warnings)
        return text + " " + _("Warnings: {number}; they stand with the result below.").format(number=number)
