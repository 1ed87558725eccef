"""The Qt helpers that the sections share: a combo box, timers, dialogs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from humor.errors import HumorError

from ..logic import HUMoRSegmentLogic
from ..parameters import HUMoRSegmentParameterNode
from ..run import installation

_QUIET_MILLISECONDS = 150
_POLL_MILLISECONDS = 50


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


class Delayed:
    """Calls an action once things have been quiet for a moment.

    Args:
        action: what to do.
        milliseconds: how long nothing must have happened.
    """

    def __init__(self, action: Callable[[], None], milliseconds: int = _QUIET_MILLISECONDS) -> None:
        self._timer = qt.QTimer()
        self._timer.setSingleShot(True)
        self._timer.setInterval(milliseconds)
        self._timer.connect("timeout()", action)

    def start(self) -> None:
        """Something changed: wait from now on."""
        self._timer.start()

    def stop(self) -> None:
        """Do not do it after all."""
        self._timer.stop()


class Follower:
    """Polls until what is followed has ended. One thing at a time.

    Args:
        poll: looks for news; whether it still runs.
        ended: called once, after the last poll.
        failed: called instead of ``ended`` where ``poll`` raised.
    """

    def __init__(
        self,
        poll: Callable[[], bool],
        ended: Callable[[], None],
        failed: Callable[[Exception], None],
    ) -> None:
        self._poll, self._ended, self._failed = poll, ended, failed
        self._timer = qt.QTimer()
        self._timer.setInterval(_POLL_MILLISECONDS)
        self._timer.connect("timeout()", self._tick)

    def start(self) -> None:
        """Follow from now on."""
        self._timer.start()

    def stop(self) -> None:
        """Follow no longer; neither ``ended`` nor ``failed`` will be called."""
        self._timer.stop()

    def _tick(self) -> None:
        try:
            if self._poll():
                return
        except Exception as error:  # a timer's slot has nobody above it who could tell the user
            self._timer.stop()
            self._failed(error)
            return
        self._timer.stop()
        self._ended()


def ask(question: str) -> bool:
    """A question that is answered by yes or no."""
    return bool(slicer.util.confirmYesNoDisplay(question, windowTitle=_("HUMoR")))


def open_zip() -> Path | None:
    """Let the user choose a model's zip file; None if nothing was chosen."""
    chosen = qt.QFileDialog.getOpenFileName(
        slicer.util.mainWindow(), _("Import a model"), "", _("Models (*.zip)")
    )
    return Path(chosen) if chosen else None


def save_zip(name: str) -> Path | None:
    """Let the user choose where to write a model's zip file; Qt asks before one is replaced."""
    chosen = qt.QFileDialog.getSaveFileName(
        slicer.util.mainWindow(), _("Export the model"), f"{name}.zip", _("Models (*.zip)")
    )
    if not chosen:
        return None
    path = Path(chosen)
    return path if path.suffix.lower() == ".zip" else path.with_name(f"{path.name}.zip")


def open_folder(folder: Path) -> None:
    """Show a folder in the system's file manager."""
    qt.QDesktopServices.openUrl(qt.QUrl.fromLocalFile(str(folder)))


def ensure_installed(logic: HUMoRSegmentLogic, model: str | None, device: str) -> None:
    """Make sure that the packages for a run are there; asks before installing.

    Raises:
        HumorError: the user said no, or it could not be installed.
    """
    missing = logic.missing_packages(model, device)
    if not missing:
        return
    if not ask(installation.question(missing)):
        text = _("Nothing was installed. HUMoR needs {packages}: press the button again to install them.")
        raise HumorError(text.format(packages=", ".join(missing)))
    logic.install(model, device)
