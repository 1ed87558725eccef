"""The panel's sections put together, and what they tell each other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from slicer.i18n import tr as _

from ..logic import HUMoRSegmentLogic
from ..parameters import HUMoRSegmentParameterNode
from ..result import SceneResult
from .influence import InfluenceSection
from .model import ModelSection
from .result import ResultSection
from .routing import RoutingSection
from .run import RunSection, what_is_missing
from .section import Section
from .sequences import SequencesSection
from .storage import StorageSection


class Window:
    """All sections of the panel.

    Args:
        ui: the widgets of the ``.ui`` file, by name.
        logic: the module's logic.
    """

    def __init__(self, ui: Any, logic: HUMoRSegmentLogic) -> None:
        self._ui = ui
        self._parameters: HUMoRSegmentParameterNode | None = None
        self.sequences = SequencesSection(ui, logic, self.refresh)
        self.model = ModelSection(ui, logic, self._models_changed)
        self.run = RunSection(ui, logic, self._obstacle_of_run, self._arrived, self.refresh)
        self.result = ResultSection(ui, logic)
        self.routing = RoutingSection(ui, logic)
        self.influence = InfluenceSection(ui, logic, self._obstacle_of_influence, self.refresh)
        self.storage = StorageSection(ui, logic, self._folders, self._models_changed)
        # In this order, because whether a run can start depends on the volumes and the model.
        self._sections: tuple[Section, ...] = (
            self.sequences,
            self.model,
            self.run,
            self.result,
            self.routing,
            self.influence,
            self.storage,
        )
        self.refresh()

    def set_parameters(self, parameters: HUMoRSegmentParameterNode | None) -> None:
        """Show these parameters; None while a scene is being closed."""
        self._parameters = parameters
        self.refresh()

    def refresh(self) -> None:
        """Something changed: show it."""
        for section in self._sections:
            section.update(self._parameters)

    def enter(self) -> None:
        """The module is shown."""
        for section in self._sections:
            section.enter()
        self.refresh()

    def leave(self) -> None:
        """Another module is shown; runs go on."""
        for section in self._sections:
            section.leave()

    def close_scene(self) -> None:
        """The scene is about to be closed: runs end, nothing of it is kept."""
        for section in self._sections:
            section.close()

    def close(self) -> None:
        """The module is unloaded."""
        self.close_scene()
        self.model.stop()

    def _obstacle_of_run(self) -> str:
        if self.influence.controls.busy:
            return _("The comparison of sequences is under way: wait for its end, or cancel it.")
        return what_is_missing(self._parameters, self.sequences.errors, self.model.problem)

    def _obstacle_of_influence(self) -> str:
        if self.run.controls.busy:
            return _("A run is under way: wait for its end, or cancel it.")
        return what_is_missing(self._parameters, self.sequences.errors, self.model.problem)

    def _folders(self) -> list[Path]:
        folders = (self.run.controls.folder, self.influence.controls.folder)
        return [folder for folder in folders if folder is not None]

    def _models_changed(self) -> None:
        self.model.fill()
        self.storage.refresh()
        self.refresh()

    def _arrived(self, result: SceneResult) -> None:
        if self._parameters is None:
            return
        if self._parameters.segmentation is result.segmentation:  # updated in place
            self.result.adopt()
            self.routing.adopt()
        else:
            self._parameters.segmentation = result.segmentation  # the panels follow
        self._ui.resultSection.collapsed = False
