"""Emulation of ``slicer.app``. Real: the application's logic. Qt joins in when a window is made."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any


class Application:
    """What modules ask of ``slicer.app``.

    Args:
        scene: the application's scene.

    Attributes:
        temporaryPath: folder for temporary files, gone when Python ends.
        qt: the Qt application, once there is a window.
    """

    applicationName = "Slicer"
    majorVersion, minorVersion, revision = 5, 10, "0"
    applicationVersion = "5.10.0"
    documentationBaseUrl = "https://slicer.readthedocs.io/en/latest/"

    def __init__(self, scene: Any) -> None:
        from emulation.home import make_home
        from slicer import vtkSlicerApplicationLogic
        from vtkmodules.vtkCommonCore import vtkCollection

        self.temporaryPath = tempfile.mkdtemp(prefix="slicer-")
        atexit.register(shutil.rmtree, self.temporaryPath, ignore_errors=True)
        self.qt: Any = None
        self.testing = False
        self._scene = scene
        self._slots: dict[str, list[Callable[..., Any]]] = {}
        self._settings: Any = None
        self._layout_manager: Any = None
        self._logic = vtkSlicerApplicationLogic()
        self._logic.SetTemporaryPath(self.temporaryPath)
        self._logic.SetSliceLogics(vtkCollection())
        self._logic.SetViewLogics(vtkCollection())
        self._logic.SetHomeDirectory(str(make_home(Path(self.temporaryPath))))
        self._logic.SetShareDirectory("share")
        self._logic.SetMRMLScene(scene)
        self._remote = _remote_files(scene, self.temporaryPath)

    def start(self, main_window: bool) -> None:
        """What the application does once its modules are there."""
        from emulation.file_manager import FileManager
        from emulation.module_manager import ModuleManager
        from emulation.scene import HierarchyItems

        self._files = FileManager(self._scene)
        self._modules = ModuleManager()
        self._hierarchy = HierarchyItems(self._scene)
        if main_window:
            from emulation.layout import LayoutManager
            from emulation.slice_view import open_views

            self._layout_manager = LayoutManager(self._scene, self._logic)
            open_views()

    def applicationLogic(self) -> Any:
        return self._logic

    def mrmlScene(self) -> Any:
        return self._scene

    def layoutManager(self) -> Any:
        """The views; None without a main window."""
        return self._layout_manager

    def moduleManager(self) -> Any:
        return self._modules

    def coreIOManager(self) -> Any:
        return self._files

    ioManager = coreIOManager

    def processEvents(self, *flags: Any) -> None:
        """Let timers, clicks and painting happen."""
        self._logic.ProcessModified()
        if self.qt is not None:
            self.qt.processEvents()

    def topLevelWidgets(self) -> list[Any]:
        return self.qt.topLevelWidgets() if self.qt is not None else []

    def testingEnabled(self) -> bool:
        return self.testing

    def settings(self) -> Any:
        """Settings that live as long as this process."""
        if self._settings is None:
            import qt

            self._settings = qt.QSettings()
        return self._settings

    userSettings = revisionUserSettings = settings

    def connect(self, signal: str, slot: Callable[..., Any]) -> bool:
        """Call the slot when a signal such as ``startupCompleted()`` is emitted."""
        self._slots.setdefault(signal, []).append(slot)
        return True

    def disconnect(self, signal: str, slot: Callable[..., Any]) -> bool:
        slots = self._slots.get(signal, [])
        found = slot in slots
        if found:
            slots.remove(slot)
        return found

    def emit(self, signal: str, *arguments: Any) -> None:
        """For tests: emit a signal."""
        for slot in list(self._slots.get(signal, [])):
            slot(*arguments)

    def pauseRender(self) -> None:
        self._logic.PauseRender()

    def resumeRender(self) -> None:
        self._logic.ResumeRender()

    def setOverrideCursor(self, cursor: Any) -> None:
        if self.qt is not None:
            self.qt.setOverrideCursor(cursor)

    def restoreOverrideCursor(self) -> None:
        if self.qt is not None:
            self.qt.restoreOverrideCursor()

    def moduleDocumentationUrl(self, module: str) -> str:
        return f"{self.documentationBaseUrl}user_guide/modules/{module.lower()}.html"


def _remote_files(scene: Any, folder: str) -> Any:
    """The managers that storage nodes want even for files on this computer; they must stay alive."""
    import slicer

    cache = Path(folder) / "RemoteIO"
    cache.mkdir()
    logic = slicer.vtkMRMLRemoteIOLogic()
    logic.SetMRMLScene(scene)
    logic.GetCacheManager().SetRemoteCacheDirectory(str(cache))
    logic.AddDataIOToScene()
    queue = slicer.vtkDataIOManagerLogic()
    queue.SetAndObserveDataIOManager(logic.GetDataIOManager())
    return logic, queue
