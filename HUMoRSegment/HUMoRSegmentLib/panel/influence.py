"""Section *What did each sequence do?*: runs with one sequence left out at a time, and their table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from slicer.i18n import tr as _

from ..inputs.preflight import OK
from ..logic import HUMoRSegmentLogic
from ..parameters import HUMoRSegmentParameterNode
from ..run.task import Run
from ..scene import references
from ..scene.views import show_table
from .qt_helpers import ensure_installed
from .run import RunControls, RunWidgets
from .section import Section, chosen_options, chosen_sequences, say
from .text import mark, table


class InfluenceSection(Section):
    """The comparison of the result with those of fewer sequences.

    Args:
        ui: the widgets.
        logic: the module's logic.
        obstacle: says why a run cannot start; empty if it can.
        changed: called when a run began or ended.
    """

    def __init__(
        self, ui: Any, logic: HUMoRSegmentLogic, obstacle: Callable[[], str], changed: Callable[[], None]
    ) -> None:
        super().__init__(ui, logic)
        self._general_obstacle = obstacle
        widgets = RunWidgets(
            start=ui.influenceButton,
            cancel=ui.cancelInfluenceButton,
            bar=ui.influenceProgressBar,
            obstacle=ui.influenceMissingNote,
            stage=ui.influenceStageNote,
            message=ui.influenceMessage,
        )
        self.controls = RunControls(widgets, self._begin, self._obstacle, self._finished, changed)
        ui.influenceTableButton.connect("clicked(bool)", self._show_table)

    def update(self, parameters: HUMoRSegmentParameterNode | None) -> None:
        """Show the chosen result's table and whether a comparison can start."""
        super().update(parameters)
        node = self._table()
        self.ui.influenceTableButton.enabled = node is not None
        say(self.ui.influenceNote, "" if node is None else _rich(node))
        self.controls.refresh()

    def close(self) -> None:
        """End the run: its scene goes away."""
        self.controls.abandon(_("The comparison was ended, because its scene was closed."))

    def _segmentation(self) -> Any | None:
        return None if self.parameters is None else self.parameters.segmentation

    def _table(self) -> Any | None:
        segmentation = self._segmentation()
        return None if segmentation is None else segmentation.GetNodeReference(references.INFLUENCE_TABLE)

    def _obstacle(self) -> str:
        if general := self._general_obstacle():
            return general
        segmentation = self._segmentation()
        if segmentation is None or not segmentation.GetAttribute(references.MODEL):
            return _("Segment first: the comparison is kept with the result.")
        if self.parameters is not None and len(chosen_sequences(self.parameters)) < 2:
            return _("At least two sequences are needed.")
        return ""

    def _begin(self) -> Run | None:
        parameters = self.parameters
        if parameters is None:
            return None
        options = chosen_options(parameters)
        ensure_installed(self.logic, options.model, options.device)
        if self.parameters is not parameters or parameters.segmentation is None:  # closed meanwhile
            return None
        return self.logic.start_influence(chosen_sequences(parameters), parameters.segmentation, options)

    def _finished(self, run: Run, node: Any) -> str:
        self.update(self.parameters)
        return mark(OK, _("Compared in {seconds} s.").format(seconds=f"{run.task.seconds:.0f}"))

    def _show_table(self, _checked: bool = False) -> None:
        node = self._table()
        if node is not None:
            show_table(node)


def _rich(node: Any) -> str:
    """A table node as rich text."""
    columns = range(node.GetNumberOfColumns())
    rows = [[node.GetCellText(row, column) for column in columns] for row in range(node.GetNumberOfRows())]
    return table([node.GetColumnName(column) for column in columns], rows)
