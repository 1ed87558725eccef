"""A combo box for a parameter that is a word, with choices that come and go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from slicer.i18n import tr as _

from ..parameters import HUMoRSegmentParameterNode


class ChoiceBox:
    """Keeps a combo box and one parameter the same.

    The parameter node's own connection asks for choices that are fixed when the class is written;
    models, gates and experts are not.

    Args:
        box: the combo box.
        name: the parameter's name.
        default: the choice that an empty parameter stands for; without one an empty parameter is
            shown as the choice of that value.
        keep_unknown: show a value that is not offered as such; otherwise the first choice is shown.
    """

    def __init__(self, box: Any, name: str, default: str = "", keep_unknown: bool = True) -> None:
        self._box, self._name, self._default, self._keep_unknown = box, name, default, keep_unknown
        self._choices: list[tuple[str, str]] = []
        self._parameters: HUMoRSegmentParameterNode | None = None
        self._filling = False
        box.connect("currentIndexChanged(int)", self._chosen)

    @property
    def value(self) -> str:
        """The word that is chosen; empty where there is nothing to choose."""
        index = self._box.currentIndex
        return self._choices[index][0] if 0 <= index < len(self._choices) else ""

    def offer(self, choices: Sequence[tuple[str, str]]) -> None:
        """Offer other choices: (value, text) each. The parameter keeps its value."""
        if list(choices) == self._offered():
            return
        self._choices = list(choices)
        self._fill()
        self._show()

    def update(self, parameters: HUMoRSegmentParameterNode | None) -> None:
        """Show the parameter's value."""
        self._parameters = parameters
        self._show()

    def _offered(self) -> list[tuple[str, str]]:
        return [choice for choice in self._choices if choice[1] != _not_there(choice[0])]

    def _fill(self) -> None:
        self._filling = True
        try:
            self._box.clear()
            for _value, text in self._choices:
                self._box.addItem(text)
        finally:
            self._filling = False

    def _show(self) -> None:
        if self._parameters is None:
            return
        wanted = getattr(self._parameters, self._name) or self._default
        values = [value for value, _text in self._choices]
        if wanted and wanted not in values and self._keep_unknown:
            # From a scene of another computer. Shown as it is: another one must not be used unasked.
            self._choices = [*self._offered(), (wanted, _not_there(wanted))]
            self._fill()
            values = [value for value, _text in self._choices]
        index = values.index(wanted) if wanted in values else (0 if values else -1)
        if self._box.currentIndex != index:
            self._filling = True
            try:
                self._box.currentIndex = index
            finally:
                self._filling = False

    def _chosen(self, _index: int) -> None:
        if not self._filling and self._parameters is not None:
            setattr(self._parameters, self._name, self.value)


def _not_there(value: str) -> str:
    return _("{name} (not available here)").format(name=value)
