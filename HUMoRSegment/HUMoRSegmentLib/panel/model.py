"""Section *Model and output*: model, device and grid of a run; models are imported, exported, removed."""

from __future__ import annotations

import json
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

from slicer.i18n import tr as _

from humor.bundle.manifest import MANIFEST, MAX_MANIFEST_BYTES
from humor.bundle.store import DEFAULT_BUNDLE, Installed
from humor.errors import HumorError
from humor.sequences import DISPLAY_NAMES, SEQUENCES

from ..inputs.preflight import ERROR
from ..logic import HUMoRSegmentLogic
from ..parameters import HUMoRSegmentParameterNode
from ..run.process import ChildProcess
from .qt_helpers import ChoiceBox, Follower, ask, ensure_installed, open_folder, open_zip, save_zip
from .section import Section, say
from .text import failure_sentence, mark, megabytes


class ModelSection(Section):
    """Choosing a model; import, export, removal.

    Args:
        ui: the widgets.
        logic: the module's logic.
        changed: called after models came or went.
    """

    def __init__(self, ui: Any, logic: HUMoRSegmentLogic, changed: Callable[[], None]) -> None:
        super().__init__(ui, logic)
        self._changed = changed
        self._models: dict[str, Installed] = {}
        self._notes: dict[str, str] = {}  # read from the disk once, not at every change of a parameter
        self._message = ""
        self._boxes = (
            ChoiceBox(ui.modelBox, "model", default=DEFAULT_BUNDLE),
            ChoiceBox(ui.deviceBox, "device", default="auto"),
            ChoiceBox(ui.referenceBox, "reference"),
        )
        self._boxes[1].offer(_devices())
        self._boxes[2].offer([("", _("Automatic")), *((name, DISPLAY_NAMES[name]) for name in SEQUENCES)])
        self._transfer = ModelTransfer(self._transferred, self._fail)
        ui.importModelButton.connect("clicked(bool)", self._import)
        ui.exportModelButton.connect("clicked(bool)", self._export)
        ui.removeModelButton.connect("clicked(bool)", self._remove)
        ui.openModelsButton.connect("clicked(bool)", self._open_folder)
        self.fill()

    @property
    def problem(self) -> str:
        """Why the chosen model cannot be used; empty if it can."""
        if self.parameters is None:
            return ""
        name = self.parameters.model or DEFAULT_BUNDLE
        entry = self._models.get(name)
        if entry is None:
            return _("The model {name} is not installed: choose another one, or import it.").format(name=name)
        return entry.problem

    def fill(self) -> None:
        """List the models that are installed."""
        entries = [entry for entry in self.logic.models() if not entry.hidden]
        entries.sort(key=lambda entry: (entry.name != DEFAULT_BUNDLE, entry.name))
        self._models = {entry.name: entry for entry in entries}
        self._notes = {entry.name: _description(entry) for entry in entries}
        self._boxes[0].offer([(entry.name, _title(entry)) for entry in entries])
        self._show()

    def update(self, parameters: HUMoRSegmentParameterNode | None) -> None:
        """Show the choices, and what is known about the chosen model."""
        super().update(parameters)
        for box in self._boxes:
            box.update(parameters)
        self._show()

    def enter(self) -> None:
        """Models may have been installed from the command line."""
        self.fill()

    def close(self) -> None:
        """Models are no part of a scene: an import goes on."""
        self._message = ""

    def stop(self) -> None:
        """The module is unloaded: end what runs."""
        self._transfer.stop()

    def _chosen(self) -> Installed | None:
        return self._models.get(self._boxes[0].value)

    def _show(self) -> None:
        entry, busy = self._chosen(), self._transfer.running
        problem = mark(ERROR, self.problem) if self.problem else ""
        note = self._notes[entry.name] if entry is not None else problem
        say(self.ui.modelNote, "\n".join(filter(None, (note, self._message))))
        self.ui.importModelButton.enabled = not busy
        self.ui.exportModelButton.enabled = not busy and entry is not None and entry.bundle is not None
        self.ui.removeModelButton.enabled = not busy and entry is not None and not entry.shipped

    def _tell(self, message: str) -> None:
        self._message = message
        self._show()

    def _fail(self, error: Exception) -> None:
        self._tell(mark(ERROR, failure_sentence(error)))

    def _import(self, _checked: bool = False) -> None:
        path = open_zip()
        if path is None:
            return
        name = model_name(path)
        replace = bool(name) and (self.logic.models_folder() / name).exists()
        if replace and not ask(_("A model named {name} is already imported. Replace it?").format(name=name)):
            return
        try:
            ensure_installed(self.logic, "", "cpu")  # reading the weights needs what a run on the CPU needs
            self._transfer.import_zip(path, replace)
        except Exception as error:
            self._fail(error)
            return
        self._tell(_("Importing and checking {file} …").format(file=path.name))

    def _export(self, _checked: bool = False) -> None:
        entry = self._chosen()
        path = save_zip(entry.name) if entry is not None else None
        if entry is None or path is None:
            return
        try:
            self._transfer.export_zip(str(entry.folder), path)
        except Exception as error:
            self._fail(error)
            return
        self._tell(_("Writing {file} …").format(file=path.name))

    def _transferred(self, data: dict[str, object]) -> None:
        name = str(data.get("name", ""))
        if "file" in data:
            self._tell(_("{name} was written to {file}.").format(name=name, file=data["file"]))
            return
        self._message = _("{name} was imported and is chosen now.").format(name=name)
        self.fill()
        if self.parameters is not None:
            self.parameters.model = name
        self._changed()

    def _remove(self, _checked: bool = False) -> None:
        entry = self._chosen()
        if entry is None or not ask(
            _("Delete the model {name} from {folder}?").format(name=entry.name, folder=entry.folder)
        ):
            return
        try:
            folder = self.logic.remove_model(entry.name)
        except Exception as error:
            self._fail(error)
            return
        self._message = _("{folder} was deleted.").format(folder=folder)
        self.fill()
        if self.parameters is not None:
            self.parameters.model = ""
        self._changed()

    def _open_folder(self, _checked: bool = False) -> None:
        folder = self.logic.models_folder()
        if folder.is_dir():
            open_folder(folder)
        else:
            self._tell(
                _("No model has been imported yet. Imported models will be kept in {folder}.").format(
                    folder=folder
                )
            )


class ModelTransfer:
    """One import or export at a time.

    Args:
        done: called with the data of the command's result, e.g. the ``name`` of the model.
        failed: called with what went wrong.
    """

    def __init__(
        self, done: Callable[[dict[str, object]], None], failed: Callable[[Exception], None]
    ) -> None:
        self._done, self._failed = done, failed
        self._process: ChildProcess | None = None
        self._data: dict[str, object] = {}
        self._error = ""
        self._follower = Follower(self._poll, self._ended, self._broke)

    @property
    def running(self) -> bool:
        """Whether one is under way."""
        return self._process is not None

    def import_zip(self, path: Path, replace: bool) -> None:
        """Install a model from a zip.

        Raises:
            HumorError: it cannot be started.
        """
        self._start(["models", "import", str(path), *(["--replace"] if replace else [])])

    def export_zip(self, model: str, path: Path) -> None:
        """Write a model as one zip, in place of a file of that name.

        Raises:
            HumorError: it cannot be started.
        """
        self._start(["models", "export", model, str(path), "--replace"])

    def stop(self) -> None:
        """End it; nothing half written stays under its final name."""
        self._follower.stop()
        if self._process is not None:
            self._process.kill()
            self._process = None

    def _start(self, arguments: list[str]) -> None:
        self._data, self._error = {}, ""
        process = ChildProcess([*arguments, "--json"])
        process.start()
        self._process = process
        self._follower.start()

    def _poll(self) -> bool:
        if self._process is None:
            return False
        for event in self._process.poll():
            if event.kind == "result":
                self._data = event.data
            elif event.kind == "error":
                self._error = event.message
        return self._process.running

    def _ended(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.exit_code == 0 and not self._error:
            self._done(self._data)
            return
        log = process.stderr_tail() if process is not None else ""
        self._failed(HumorError(self._error or f"{_('The model could not be copied.')}\n{log}".strip()))

    def _broke(self, error: Exception) -> None:
        self.stop()
        self._failed(error)


def model_name(path: Path) -> str:
    """The name of the model in a zip; empty if it cannot be told. The import itself checks everything."""
    try:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if PurePosixPath(name).name == MANIFEST:
                    with archive.open(name) as file:
                        return str(json.loads(file.read(MAX_MANIFEST_BYTES))["name"])
    except (OSError, zipfile.BadZipFile, ValueError, KeyError, TypeError, RuntimeError):
        return ""
    return ""


def _title(entry: Installed) -> str:
    title = entry.bundle.manifest.title if entry.bundle is not None else entry.name
    if entry.bundle is None:
        return _("{name} (cannot be used)").format(name=title)
    return _("{title} (default)").format(title=title) if entry.name == DEFAULT_BUNDLE else title


def _description(entry: Installed) -> str:
    if entry.bundle is None:
        return mark(ERROR, entry.problem)
    manifest = entry.bundle.manifest
    text = (
        _("{name} {version}, {kind}, {size}, licence {licence}; comes with HUMoR")
        if entry.shipped
        else _("{name} {version}, {kind}, {size}, licence {licence}; imported")
    )
    return text.format(
        name=entry.name,
        version=manifest.version,
        kind=manifest.kind,
        size=megabytes(entry.bundle.size),
        licence=manifest.licence,
    )


def _devices() -> list[tuple[str, str]]:
    """What a run can be asked to use on this system."""
    gpu = ("mps", _("Apple GPU (MPS)")) if sys.platform == "darwin" else ("cuda", _("NVIDIA GPU (CUDA)"))
    return [("auto", _("Automatic")), ("cpu", _("CPU")), gpu]
