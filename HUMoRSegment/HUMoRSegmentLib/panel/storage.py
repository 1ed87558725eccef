"""Section *Files and privacy*: where files are kept, and how to delete them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from slicer.i18n import tr as _

from humor.bundle.store import Installed

from ..inputs.preflight import ERROR, OK
from ..logic import HUMoRSegmentLogic
from ..run import temporary_files
from .qt_helpers import ask
from .section import Section, say
from .text import failure_sentence, mark, megabytes


class StorageSection(Section):
    """Temporary files and imported models: how many, where, and their end.

    Args:
        ui: the widgets.
        logic: the module's logic.
        running: folders of runs that go on; they are kept.
        models_changed: called after models were deleted.
    """

    def __init__(
        self,
        ui: Any,
        logic: HUMoRSegmentLogic,
        running: Callable[[], Iterable[Path]],
        models_changed: Callable[[], None],
    ) -> None:
        super().__init__(ui, logic)
        self._running, self._models_changed = running, models_changed
        ui.deleteTemporaryButton.connect("clicked(bool)", self._delete_temporary)
        ui.deleteModelsButton.connect("clicked(bool)", self._delete_models)
        say(ui.storageMessage, "")
        self.refresh()

    def enter(self) -> None:
        """Count anew."""
        self.refresh()

    def refresh(self) -> None:
        """Say what lies where."""
        folders, models = temporary_files.left_over_folders(self._running()), self._imported()
        temporary = _(
            "Temporary files: {folder}. A run's images and results are kept there while it runs, and deleted "
            "at its end. Left over: {number} ({size})."
        )
        imported = _("Imported models: {folder}. Kept there: {number} ({size}).")
        lines = (
            temporary.format(
                folder=temporary_files.slicer_folder(),
                number=len(folders),
                size=megabytes(sum(map(temporary_files.bytes_in, folders))),
            ),
            imported.format(
                folder=self.logic.models_folder(),
                number=len(models),
                size=megabytes(sum(temporary_files.bytes_in(entry.folder) for entry in models)),
            ),
            _("Results are in the scene, and on the disk where you save them. Nothing leaves this computer."),
        )
        say(self.ui.storageNote, "\n".join(lines))
        self.ui.deleteTemporaryButton.enabled = bool(folders)
        self.ui.deleteModelsButton.enabled = bool(models)

    def _imported(self) -> list[Installed]:
        return [entry for entry in self.logic.models() if not entry.shipped]

    def _delete_temporary(self, _checked: bool = False) -> None:
        folders = temporary_files.left_over_folders(self._running())
        question = _("Delete {number} temporary folders? A run in another Slicer window would fail.")
        if not folders or not ask(question.format(number=len(folders))):
            return
        failed = temporary_files.delete_folders(folders)
        self._tell(
            _("These folders could not be deleted. Close the programs that use them: {folders}").format(
                folders=", ".join(map(str, failed))
            )
            if failed
            else "",
            _("The temporary files were deleted."),
        )

    def _delete_models(self, _checked: bool = False) -> None:
        models = self._imported()
        names = ", ".join(entry.name for entry in models)
        if not models or not ask(_("Delete the imported models {names}?").format(names=names)):
            return
        problem = ""
        for entry in models:
            try:
                self.logic.remove_model(entry.name)
            except Exception as error:
                problem = failure_sentence(error)
        self._models_changed()
        self._tell(problem, _("The imported models were deleted."))

    def _tell(self, problem: str, success: str) -> None:
        say(self.ui.storageMessage, mark(ERROR, problem) if problem else mark(OK, success))
        self.refresh()
