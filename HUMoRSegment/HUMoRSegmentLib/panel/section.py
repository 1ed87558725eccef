"""What every section of the panel has in common: its life, and the user's choices as the logic takes them."""

from __future__ import annotations

from typing import Any

from humor.options import options_of
from humor.sequences import SEQUENCES

from ..logic import HUMoRSegmentLogic
from ..options import Options
from ..parameters import HUMoRSegmentParameterNode


class Section:
    """A part of the window. It does nothing until it is given parameters.

    Args:
        ui: the widgets of the ``.ui`` file, by name.
        logic: the module's logic.

    Attributes:
        parameters: the choices of the scene; None while a scene is being closed.
    """

    def __init__(self, ui: Any, logic: HUMoRSegmentLogic) -> None:
        self.ui = ui
        self.logic = logic
        self.parameters: HUMoRSegmentParameterNode | None = None

    def update(self, parameters: HUMoRSegmentParameterNode | None) -> None:
        """Show these parameters; called after every change of them, so it must be quick."""
        self.parameters = parameters

    def enter(self) -> None:
        """The module is shown."""

    def leave(self) -> None:
        """Another module is shown."""

    def close(self) -> None:
        """The scene is about to be closed, or the module to be unloaded: let go of everything."""


def say(label: Any, text: str) -> None:
    """Show a text in a label; without a text the label takes no room."""
    label.text = text
    label.visible = bool(text)


def chosen_sequences(parameters: HUMoRSegmentParameterNode) -> dict[str, Any]:
    """The volumes that are chosen, by sequence, in sequence order."""
    nodes = {name: getattr(parameters, name) for name in SEQUENCES}
    return {name: node for name, node in nodes.items() if node is not None}


def chosen_options(parameters: HUMoRSegmentParameterNode) -> Options:
    """The options of a run."""
    shown = [each for each in options_of(Options) if each.parameter]
    # A parameter node knows no None: what is not chosen is empty there.
    values: dict[str, Any] = {each.name: getattr(parameters, each.parameter) for each in shown}
    return Options(**{name: value for name, value in values.items() if value != ""})


def chosen_thresholds(parameters: HUMoRSegmentParameterNode) -> dict[str, float]:
    """Region → threshold."""
    return {"WT": parameters.threshold_wt, "TC": parameters.threshold_tc, "ET": parameters.threshold_et}
