"""One line: what the model reached with these sequences on patients that it had not learned from."""

from __future__ import annotations

from slicer.i18n import tr as _

from humor.errors import HumorError

from ..parameters import HUMoRSegmentParameterNode
from .choices import chosen_sequences
from .panel import Panel, say


class QualityLine(Panel):
    """Expected quality, from the model's own table of the 15 subsets."""

    def update(self, parameters: HUMoRSegmentParameterNode | None) -> None:
        """Look the chosen subset up."""
        super().update(parameters)
        say(self.ui.qualityNote, self._text())

    def _text(self) -> str:
        names = list(chosen_sequences(self.parameters)) if self.parameters is not None else []
        if self.parameters is None or not names:
            return ""
        try:
            quality = self.logic.expected_quality(self.parameters.model, names)
        except HumorError:
            return ""  # the model's own part of the window says what is wrong with it
        return _("Expected Dice: {sentence}").format(sentence=quality.sentence)
