"""What every part of the window has in common."""

from __future__ import annotations

from typing import Any

from ..logic import HUMoRSegmentLogic
from ..parameters import HUMoRSegmentParameterNode


class Panel:
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
