"""Section *Sequences*: what is chosen, why, and whether it can be segmented."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import slicer
from slicer.i18n import tr as _

from humor.errors import HumorError
from humor.sequences import DISPLAY_NAMES, SEQUENCES

from ..inputs.guess import Guess
from ..inputs.preflight import ERROR
from ..logic import HUMoRSegmentLogic
from ..parameters import HUMoRSegmentParameterNode
from ..scene.geometry import title
from .qt_helpers import Delayed
from .section import Section, chosen_sequences, say
from .text import failure_sentence, mark


class SequencesSection(Section):
    """Selectors, the guess, a line about each volume, and what can be expected of all of them.

    Args:
        ui: the widgets.
        logic: the module's logic.
        checked: called after the volumes were checked.

    Attributes:
        errors: what is in the way of a run.
    """

    def __init__(self, ui: Any, logic: HUMoRSegmentLogic, checked: Callable[[], None]) -> None:
        super().__init__(ui, logic)
        self.errors: list[str] = []
        self._checked = checked
        self._reasons: dict[str, tuple[str, str]] = {}  # sequence → (node's ID, why it was guessed)
        self._seen: dict[str, str] = {}
        self._check_soon = Delayed(self._check)
        self._labels = {
            name: (getattr(ui, f"{name}Reason"), getattr(ui, f"{name}Check")) for name in SEQUENCES
        }
        for reason, check in self._labels.values():
            say(reason, "")
            say(check, "")
        say(ui.guessNote, "")
        say(ui.generalCheck, "")
        ui.guessButton.connect("clicked(bool)", self._guess)

    def update(self, parameters: HUMoRSegmentParameterNode | None) -> None:
        """Show why each volume was chosen, and check the volumes soon if they changed."""
        super().update(parameters)
        say(self.ui.qualityNote, self._expected_quality())
        if parameters is None:
            return
        chosen = {name: node.GetID() for name, node in chosen_sequences(parameters).items()}
        for name, (label, _check) in self._labels.items():
            node_id, reason = self._reasons.get(name, ("", ""))
            say(label, reason if chosen.get(name) == node_id else "")
        if chosen != self._seen:
            self._seen = chosen
            self._check_soon.start()

    def enter(self) -> None:
        """Volumes may have been changed in other modules."""
        self._check_soon.start()

    def close(self) -> None:
        """Forget what was said about the scene's volumes."""
        self._check_soon.stop()
        self._reasons, self._seen, self.errors = {}, {}, []
        say(self.ui.guessNote, "")
        self._show_checks([])

    def _guess(self, _checked: bool = False) -> None:
        if self.parameters is None:
            return
        try:
            guess = self.logic.guess()
        except Exception as error:
            say(self.ui.guessNote, mark(ERROR, failure_sentence(error)))
            return
        self._reasons = {
            name: (node.GetID(), guess.reasons.get(name, "")) for name, node in guess.nodes.items()
        }
        with slicer.util.NodeModify(self.parameters):
            for name, node in guess.nodes.items():
                setattr(self.parameters, name, node)
        self.update(self.parameters)
        say(self.ui.guessNote, _guess_note(guess))

    def _expected_quality(self) -> str:
        """From the model's own table of the 15 subsets."""
        names = list(chosen_sequences(self.parameters)) if self.parameters is not None else []
        if self.parameters is None or not names:
            return ""
        try:
            return self.logic.expected_quality(self.parameters.model, names).sentence
        except HumorError:
            return ""  # the model's own section says what is wrong with it

    def _check(self) -> None:
        """Check the chosen volumes; called a moment after the choice changed."""
        checks: list[Any] = []
        self.errors = []
        if self.parameters is not None and (given := chosen_sequences(self.parameters)):
            try:
                checks = self.logic.preflight(given)
            except Exception as error:
                self.errors = [failure_sentence(error)]
        self.errors += [_named(check) for check in checks if check.level == ERROR]
        self._show_checks(checks)
        self._checked()

    def _show_checks(self, checks: list[Any]) -> None:
        for name, (_reason, label) in self._labels.items():
            say(label, "\n".join(mark(each.level, each.sentence) for each in checks if each.sequence == name))
        others = [mark(each.level, each.sentence) for each in checks if each.sequence not in self._labels]
        say(self.ui.generalCheck, "\n".join(others))


def _named(check: Any) -> str:
    """An error's sentence with the sequence's name before it."""
    name = DISPLAY_NAMES.get(check.sequence, "")
    return f"{name}: {check.sentence}" if name else check.sentence


def _guess_note(guess: Guess) -> str:
    lines = list(guess.unclear)
    lines += [
        _("{volume} is not used. {reason}").format(volume=title(node), reason=why)
        for node, why in guess.unused
    ]
    if not guess.nodes:
        lines.insert(
            0, _("No volume was recognised as T1, T1c, T2 or FLAIR. Load some, or choose them yourself.")
        )
    return "\n".join(lines)
