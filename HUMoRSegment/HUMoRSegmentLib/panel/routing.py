"""Section *Routing*: which expert decided what, as words, bars, colours over the images, chart and table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import slicer
from slicer.i18n import tr as _

from humor.output.report_sections import expert_colour

from ..inputs.preflight import ERROR
from ..logic import HUMoRSegmentLogic
from ..parameters import DOMINANT_OVERLAY, EXPERT_OVERLAY, NO_OVERLAY, HUMoRSegmentParameterNode
from ..routing.cursor import CursorReader
from ..routing.disagreement import dispute_text, find_dispute
from ..routing.gates import Gate, gates_of, source_sentence
from ..routing.overlay import show_dominant, show_expert
from ..routing.weights import gates_by_difference, mean_weights, show_chart
from ..scene import references
from ..scene.views import hide_overlay, jump_to, show_table
from .qt_helpers import ChoiceBox, Delayed
from .section import Section, say
from .text import bars, failure_sentence, mark

_OVERLAY_MILLISECONDS = 80


class RoutingSection(Section):
    """The gates of the chosen result."""

    def __init__(self, ui: Any, logic: HUMoRSegmentLogic) -> None:
        super().__init__(ui, logic)
        self._shown = ""  # ID of the segmentation whose gates are listed
        self._gates: dict[str, Gate] = {}
        self._bars_of = ""
        self._cursor: CursorReader | None = None
        self._cursor_of: tuple[str, str] | None = None
        self._entered = False
        self._gate_box = ChoiceBox(ui.gateBox, "gate", keep_unknown=False)
        self._expert_box = ChoiceBox(ui.expertBox, "expert", keep_unknown=False)
        self._overlay_box = ChoiceBox(ui.overlayBox, "show_overlay", default=NO_OVERLAY)
        self._overlay_box.offer(
            [
                (NO_OVERLAY, _("None")),
                (EXPERT_OVERLAY, _("Weight of one expert")),
                (DOMINANT_OVERLAY, _("Dominant expert")),
            ]
        )
        self._overlay = OverlayFollower(self._tell)
        ui.chartButton.connect("clicked(bool)", self._show_chart)
        ui.gateTableButton.connect("clicked(bool)", self._show_table)
        ui.disputedButton.connect("clicked(bool)", self._jump)
        say(ui.routingMessage, "")
        say(ui.cursorNote, "")

    def update(self, parameters: HUMoRSegmentParameterNode | None) -> None:
        """Follow the choice of result, gate, expert and overlay."""
        super().update(parameters)
        segmentation = self._segmentation()
        if ("" if segmentation is None else segmentation.GetID()) != self._shown:
            self.adopt()
        else:
            self._follow_choices()

    def adopt(self) -> None:
        """List the gates of the chosen result anew."""
        segmentation = self._segmentation()
        self._shown = "" if segmentation is None else segmentation.GetID()
        gates = gates_of(segmentation) if segmentation is not None else []
        self._gates = {gate.name: gate for gate in gates}
        self._bars_of = ""
        self._overlay.forget()
        self._stop_cursor()
        self._gate_box.offer([(name, name) for name in self._gates])
        say(self.ui.routingMessage, "")
        self._follow_choices()

    def enter(self) -> None:
        """Weights under the mouse are read only while the module is shown."""
        self._entered = True
        self._follow_cursor()

    def leave(self) -> None:
        """Another module is shown; the overlay stays."""
        self._entered = False
        self._stop_cursor()

    def close(self) -> None:
        """Forget the scene's gates."""
        self._stop_cursor()
        self._overlay.forget()
        self._shown, self._gates, self._bars_of = "", {}, ""
        self._show_gate()

    def _segmentation(self) -> Any | None:
        return None if self.parameters is None else self.parameters.segmentation

    def _gate(self) -> Gate | None:
        return self._gates.get(self._gate_box.value)

    def _follow_choices(self) -> None:
        self._gate_box.update(self.parameters)
        gate = self._gate()
        self._expert_box.offer([(name, name) for name in gate.experts] if gate is not None else [])
        self._expert_box.update(self.parameters)
        self._overlay_box.update(self.parameters)
        self._show_gate()
        self._follow_cursor()
        segmentation = self._segmentation()
        if gate is not None and segmentation is not None and self.parameters is not None:
            self._overlay.show(
                segmentation,
                gate.name,
                self._expert_box.value,
                self.parameters.show_overlay,
                self.parameters.overlay_opacity,
            )

    def _show_gate(self) -> None:
        ui, gate = self.ui, self._gate()
        there = gate is not None
        for widget in (ui.gateBox, ui.overlayBox, ui.chartButton, ui.gateTableButton, ui.disputedButton):
            widget.enabled = there
        overlay = self.parameters.show_overlay if self.parameters is not None else NO_OVERLAY
        ui.expertBox.enabled = there and overlay == EXPERT_OVERLAY
        ui.opacitySlider.enabled = there and overlay != NO_OVERLAY
        say(ui.sourceNote, source_sentence(gate.source) if gate is not None else self._no_gates())
        name = gate.name if gate is not None else ""
        if name != self._bars_of or not name:
            self._bars_of = name
            segmentation = self._segmentation()
            known = gate is not None and segmentation is not None
            say(ui.weightsNote, weight_bars(segmentation, name) if known else "")
            say(ui.differenceNote, most_different_gate(segmentation) if known else "")

    def _no_gates(self) -> str:
        if self._segmentation() is None:
            return _("No result is chosen.")
        return _("The chosen segmentation holds no expert weights.")

    def _follow_cursor(self) -> None:
        segmentation, gate = self._segmentation(), self._gate()
        if not self._entered or segmentation is None or gate is None:
            self._stop_cursor()
            return
        wanted = (segmentation.GetID(), gate.name)
        if wanted != self._cursor_of:
            self._stop_cursor()
            self._cursor_of = wanted
            self._cursor = CursorReader(segmentation, gate.name, self._show_weights)
            say(self.ui.cursorNote, _cursor_hint())

    def _stop_cursor(self) -> None:
        cursor, self._cursor, self._cursor_of = self._cursor, None, None
        if cursor is not None:
            cursor.stop()
        say(self.ui.cursorNote, "")

    def _show_weights(self, text: str) -> None:
        self.ui.cursorNote.text = text or _cursor_hint()

    def _tell(self, message: str) -> None:
        say(self.ui.routingMessage, message)

    def _show_chart(self, _checked: bool = False) -> None:
        def show(segmentation: Any, gate: str) -> str:
            show_chart(segmentation, gate)
            return ""

        self._do(show)

    def _jump(self, _checked: bool = False) -> None:
        def jump(segmentation: Any, gate: str) -> str:
            dispute = find_dispute(segmentation, gate)
            jump_to(dispute.ras)
            return dispute_text(gate, dispute)

        self._do(jump)

    def _show_table(self, _checked: bool = False) -> None:
        def show(segmentation: Any, _gate: str) -> str:
            table = segmentation.GetNodeReference(references.GATE_TABLE)
            if table is None:
                return _("The table was removed from the scene: segment again to see it.")
            show_table(table)
            return ""

        self._do(show)

    def _do(self, action: Callable[[Any, str], str]) -> None:
        """Do something with the chosen gate, and say what it tells or why it failed."""
        segmentation, gate = self._segmentation(), self._gate()
        if segmentation is None or gate is None:
            return
        try:
            self._tell(action(segmentation, gate.name))
        except Exception as error:
            self._tell(mark(ERROR, failure_sentence(error)))


def weight_bars(segmentation: Any, gate: str) -> str:
    """Bars from the result's table of gates; empty if it was removed from the scene.

    Args:
        segmentation: the result.
        gate: the gate's name.
    """
    means = mean_weights(segmentation).get(gate)
    if means is None:
        return ""
    rows = [
        (expert, expert_colour(index), (brain, means.tumour.get(expert)))
        for index, (expert, brain) in enumerate(means.brain.items())
    ]
    return bars((_("Expert"), _("Brain"), _("Tumour")), rows)


def most_different_gate(segmentation: Any) -> str:
    """Which gate weighs the tumour most differently from the brain, as a sentence; empty if unknown."""
    gates = gates_by_difference(segmentation)
    if not gates:
        return ""
    gate, difference = gates[0]
    return _(
        "{gate} differs most between tumour and brain: {share} % of the weight moves to other experts."
    ).format(gate=gate, share=f"{100 * difference:.0f}")


def _cursor_hint() -> str:
    return _("Move the mouse over a slice view to see the weights there.")


class _Wanted(NamedTuple):
    segmentation: str  # ID
    gate: str
    expert: str
    overlay: str
    opacity: float


class OverlayFollower:
    """Draws the overlay that is wanted, a moment after it was wanted.

    Args:
        tell: called with a sentence where that failed, and with nothing where it did not.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._wanted: _Wanted | None = None
        self._drawn: _Wanted | None = None
        self._soon = Delayed(self._draw, _OVERLAY_MILLISECONDS)

    def show(self, segmentation: Any, gate: str, expert: str, overlay: str, opacity: float) -> None:
        """What is wanted from now on.

        Args:
            segmentation: the result.
            gate: its gate.
            expert: whose weight; without meaning for the other overlays.
            overlay: one of the parameters' words.
            opacity: 0 to 1.
        """
        named = expert if overlay == EXPERT_OVERLAY else ""
        self._wanted = _Wanted(segmentation.GetID(), gate, named, overlay, opacity)
        if overlay == NO_OVERLAY and (self._drawn is None or self._drawn.overlay == NO_OVERLAY):
            self._drawn = self._wanted  # nothing of ours is drawn: leave the views alone
        if self._wanted != self._drawn:
            self._soon.start()

    def forget(self) -> None:
        """Another result, or none: hide what is drawn."""
        self._soon.stop()
        drawn, self._drawn, self._wanted = self._drawn, None, None
        if drawn is not None and drawn.overlay != NO_OVERLAY:
            segmentation = slicer.mrmlScene.GetNodeByID(drawn.segmentation)
            if segmentation is not None:
                hide_overlay(segmentation)

    def _draw(self) -> None:
        wanted = self._wanted
        segmentation = slicer.mrmlScene.GetNodeByID(wanted.segmentation) if wanted is not None else None
        if wanted is None or segmentation is None:
            return
        try:
            if wanted.overlay == EXPERT_OVERLAY:
                show_expert(segmentation, wanted.gate, wanted.expert, wanted.opacity)
            elif wanted.overlay == DOMINANT_OVERLAY:
                show_dominant(segmentation, wanted.gate, wanted.opacity)
            else:
                hide_overlay(segmentation)
        except Exception as error:
            self._tell(mark(ERROR, failure_sentence(error)))
            return
        self._drawn = wanted
        self._tell("")
