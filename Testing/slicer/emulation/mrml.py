"""Emulation of the application's Python around the real MRML scene, without Qt. For tests.

Real: the scene, its nodes, the module logics, readers and writers, ``slicer.util`` (package slicer-core).
Emulated: ``slicer.app``, ``slicer.modules``, the file manager, subject hierarchy items, and the Python
packages that only the application has. Where they could differ, Slicer's documentation is followed.
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

_FOLDER = Path(__file__).resolve().parent
_TESTS = _FOLDER.parent
_STAND_INS = {
    "slicer.i18n": "emulation.i18n",
    "slicer.ScriptedLoadableModule": "emulation.scripted_module",
    "slicer.parameterNodeWrapper": "emulation.parameter_node",
}


def start(main_window: bool = True) -> Any:
    """Make ``import slicer`` mean what it means inside Slicer. Every later call returns the same.

    Args:
        main_window: whether slice views are there; without, as with ``--no-main-window``.

    Returns:
        The module ``slicer``.
    """
    slicer = _import_slicer()
    if getattr(slicer, "mrmlScene", None) is not None:
        return slicer
    _quiet()
    from emulation.application import Application
    from emulation.module_logics import ScriptedModule, make_modules
    from emulation.scene import make_scene

    scene = make_scene(slicer)
    slicer.mrmlScene = scene
    slicer.app = Application(scene)
    slicer.modules = make_modules(slicer.app.applicationLogic(), scene)
    slicer.qSlicerScriptedLoadableModule = ScriptedModule
    slicer.app.start(main_window)
    for name, stand_in in _STAND_INS.items():
        _install(name, importlib.import_module(stand_in))
    window_modules = str(_FOLDER / "window_modules")  # qt and ctk, when somebody imports them
    if window_modules not in sys.path:
        sys.path.append(window_modules)
    return slicer


def _import_slicer() -> Any:
    """Import slicer-core's package.

    It takes every module in any folder ``slicer`` on the path for a part of itself: our tests, too.
    """
    if "slicer" in sys.modules:
        return sys.modules["slicer"]
    path = list(sys.path)
    ours = {_TESTS.parent}
    sys.path[:] = [entry for entry in path if Path(entry or os.curdir).resolve() not in ours]
    try:
        return importlib.import_module("slicer")
    finally:
        sys.path[:] = [*path, *(entry for entry in sys.path if entry not in path)]


def _install(name: str, module: ModuleType) -> None:
    sys.modules[name] = module
    package, _, attribute = name.rpartition(".")
    setattr(sys.modules[package], attribute, module)


def _quiet() -> None:
    """Show VTK's errors and warnings on stderr once, without VTK's chatter about every file of a bundle."""
    from vtkmodules.vtkCommonCore import VTK_STRING, vtkCommand, vtkLogger, vtkOutputWindow

    vtkLogger.SetStderrVerbosity(vtkLogger.VERBOSITY_OFF)
    window = vtkOutputWindow()
    window.SetDisplayModeToNever()

    def tell(caller: Any, event: str, text: str) -> None:
        if "bad X server connection" not in text:  # VTK then draws off-screen
            print(text.strip(), file=sys.stderr)

    tell.CallDataType = VTK_STRING  # type: ignore[attr-defined]
    for event in (vtkCommand.ErrorEvent, vtkCommand.WarningEvent):
        window.AddObserver(event, tell)
    vtkOutputWindow.SetInstance(window)
