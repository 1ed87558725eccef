"""Section *Result*: volumes, thresholds that can be moved, and the way to the Segment Editor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import slicer
from slicer.i18n import tr as _

from humor.errors import HumorError
from humor.regions import REGION_KEYS, REGIONS, USUAL_THRESHOLD

from ..inputs.preflight import ERROR, WARNING
from ..logic import HUMoRSegmentLogic
from ..parameters import HIGHEST_THRESHOLD, LOWEST_THRESHOLD, HUMoRSegmentParameterNode
from ..result import SceneResult
from ..scene import references
from ..scene.provenance import thresholds_in_force
from ..scene.tables import show_volume_table
from ..scene.views import edit_segments, show_table
from .qt_helpers import Delayed
from .section import Section, chosen_thresholds, say
from .text import failure_sentence, mark, millilitres, swatch

_SAME = 1e-6


class ResultSection(Section):
    """What is known about the segmentation that is chosen."""

    def __init__(self, ui: Any, logic: HUMoRSegmentLogic) -> None:
        super().__init__(ui, logic)
        self._shown = ""  # ID of the segmentation whose thresholds the sliders have
        self._result: SceneResult | None = None
        self._move_soon = Delayed(self._move)
        self._volumes = {region: getattr(ui, f"{region.lower()}Volume") for region in REGION_KEYS}
        self._sliders = {region: getattr(ui, f"{region.lower()}Slider") for region in REGION_KEYS}
        for region in REGIONS:
            label = getattr(ui, f"{region.key.lower()}Name")
            label.text = f"{swatch(region.colour)} {label.text}"
        ui.resetThresholdsButton.connect("clicked(bool)", self._reset)
        ui.volumesTableButton.connect("clicked(bool)", self._show_table)
        ui.editButton.connect("clicked(bool)", self._edit)
        self._show()

    def update(self, parameters: HUMoRSegmentParameterNode | None) -> None:
        """Follow the choice of another segmentation, or thresholds that were moved."""
        super().update(parameters)
        segmentation = self._segmentation()
        node_id = "" if segmentation is None else segmentation.GetID()
        if node_id != self._shown:
            self.adopt()
        elif segmentation is not None and self._moved(segmentation):
            self._move_soon.start()

    def adopt(self) -> None:
        """Show the chosen segmentation and take over its thresholds."""
        self._move_soon.stop()
        segmentation = self._segmentation()
        self._shown = "" if segmentation is None else segmentation.GetID()
        self._read()
        if self._result is not None and segmentation is not None:
            self._set_sliders(thresholds_in_force(segmentation))

    def enter(self) -> None:
        """Segments may have been edited in other modules."""
        self._read()
        if self._result is not None and self._result.table is not None:
            show_volume_table(self._result.segmentation)

    def close(self) -> None:
        """Forget the scene's result."""
        self._move_soon.stop()
        self._shown, self._result = "", None
        self._show()

    def _segmentation(self) -> Any | None:
        return None if self.parameters is None else self.parameters.segmentation

    def _read(self) -> None:
        segmentation = self._segmentation()
        is_ours = segmentation is not None and segmentation.GetAttribute(references.MODEL)
        self._result = self.logic.result(segmentation) if is_ours else None
        self._show()

    def _show(self, message: str = "") -> None:
        result = self._result
        volumes: Mapping[str, float] = result.volumes_ml if result is not None else {}
        for region, label in self._volumes.items():
            label.text = millilitres(volumes.get(region))
        movable = result is not None and bool(result.probabilities)
        for slider in self._sliders.values():
            slider.enabled = movable
        self.ui.resetThresholdsButton.enabled = movable
        self.ui.volumesTableButton.enabled = result is not None and result.table is not None
        self.ui.editButton.enabled = self._segmentation() is not None
        plausibility = result.plausibility if result is not None else ""
        say(self.ui.resultNote, "\n".join(filter(None, [plausibility, message or self._note(movable)])))
        warnings = result.warnings if result is not None else []
        say(self.ui.warningsNote, "\n".join(mark(WARNING, warning) for warning in warnings))

    def _note(self, movable: bool) -> str:
        if self._result is None:
            chosen = self._segmentation() is not None
            return (
                _("The chosen segmentation was not made by HUMoR.") if chosen else _("No result is chosen.")
            )
        if not movable:
            return _("To move thresholds, keep the probabilities (Model and output) and segment again.")
        return ""

    def _moved(self, segmentation: Any) -> bool:
        if self._result is None or not self._result.probabilities or self.parameters is None:
            return False
        in_force = thresholds_in_force(segmentation)
        wanted = chosen_thresholds(self.parameters)
        return any(abs(wanted[region] - in_force[region]) > _SAME for region in REGION_KEYS)

    def _move(self) -> None:
        """Cut the probabilities at the sliders' thresholds; called a moment after the last movement."""
        segmentation = self._segmentation()
        if segmentation is None or self.parameters is None or not self._moved(segmentation):
            return
        try:
            self.logic.set_thresholds(segmentation, chosen_thresholds(self.parameters))
        except Exception as error:
            self._show(mark(ERROR, failure_sentence(error)))
            return
        self._read()

    def _set_sliders(self, thresholds: Mapping[str, float]) -> None:
        if self.parameters is None:
            return
        with slicer.util.NodeModify(self.parameters):
            for region, value in thresholds.items():
                inside = min(max(value, LOWEST_THRESHOLD), HIGHEST_THRESHOLD)
                setattr(self.parameters, f"threshold_{region.lower()}", inside)

    def _reset(self, _checked: bool = False) -> None:
        segmentation = self._segmentation()
        if segmentation is not None:
            self._set_sliders(thresholds_of_model(self.logic, segmentation))
            self._move_soon.stop()
            self._move()

    def _show_table(self, _checked: bool = False) -> None:
        if self._result is not None and self._result.table is not None:
            show_table(self._result.table)

    def _edit(self, _checked: bool = False) -> None:
        segmentation = self._segmentation()
        if segmentation is not None:
            edit_segments(segmentation)


def thresholds_of_model(logic: HUMoRSegmentLogic, segmentation: Any) -> dict[str, float]:
    """Region → threshold of the model that made the result; the usual ones if it is not here any more."""
    try:
        known = logic.bundle(segmentation.GetAttribute(references.MODEL) or "").manifest.thresholds
    except HumorError:
        known = {}
    return {region: float(known.get(region, USUAL_THRESHOLD)) for region in REGION_KEYS}
