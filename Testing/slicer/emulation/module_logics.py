"""Emulation of ``slicer.modules``: the real logics of Slicer's modules, without their windows."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

_LOGICS = {
    "Terminologies": "vtkSlicerTerminologiesModuleLogic",
    "Units": "vtkSlicerUnitsLogic",
    "SubjectHierarchy": "vtkSlicerSubjectHierarchyModuleLogic",
    "Colors": "vtkSlicerColorLogic",
    "Volumes": "vtkSlicerVolumesLogic",
    "Segmentations": "vtkSlicerSegmentationsModuleLogic",
    "Tables": "vtkSlicerTablesLogic",
    "Texts": "vtkSlicerTextsLogic",
    "Plots": "vtkSlicerPlotsLogic",
    "Markups": "vtkSlicerMarkupsLogic",
    "Models": "vtkSlicerModelsLogic",
    "Transforms": "vtkSlicerTransformLogic",
    "Sequences": "vtkSlicerSequencesLogic",
    "Annotations": "vtkSlicerAnnotationModuleLogic",
    "CropVolume": "vtkSlicerCropVolumeLogic",
    "VolumeRendering": "vtkSlicerVolumeRenderingLogic",
}


class Module:
    """One module: its logic, and the widget where an emulation of its window gave it one.

    Attributes:
        name: e.g. ``Volumes``.
        path: file of a scripted module.
        widget: what ``widgetRepresentation`` returns.
    """

    def __init__(self, name: str, logic: Any = None, path: str = "") -> None:
        self.name, self.path = name, path
        self.title, self.helpText, self.acknowledgementText = name, "", ""
        self.categories: list[str] = []
        self.dependencies: list[str] = []
        self.contributors: list[str] = []
        self.icon: Any = None
        self.widget: Any = None
        self._logic = logic

    def logic(self) -> Any:
        """The module's logic."""
        return self._logic

    def widgetRepresentation(self) -> Any:
        """The module's window."""
        return self.widget


class ScriptedModule(Module):
    """A module written in Python; Slicer keeps its logic in its widget."""

    def logic(self) -> Any:
        return getattr(self.widget.self(), "logic", None) if self.widget is not None else None


class Modules(SimpleNamespace):
    """``slicer.modules``: every module by its name in small letters."""

    def add(self, module: Module) -> None:
        setattr(self, module.name.lower(), module)

    def named(self, name: str) -> Module | None:
        """A module by its name; None where it is not here."""
        return getattr(self, name.lower(), None)


def make_modules(application_logic: Any, scene: Any) -> Modules:
    """All logics that slicer-core has and tests need, with their nodes registered in the scene."""
    import slicer

    modules = Modules()
    for name, class_name in _LOGICS.items():
        logic = getattr(slicer, class_name)()
        logic.SetMRMLApplicationLogic(application_logic)
        application_logic.SetModuleLogic(name, logic)
        with (
            _without_errors_of_files()
            if name in ("Terminologies", "VolumeRendering")
            else contextlib.nullcontext()
        ):
            logic.SetMRMLScene(scene)
        modules.add(Module(name, logic))
    application_logic.SetColorLogic(modules.colors.logic())
    return modules


@contextlib.contextmanager
def _without_errors_of_files() -> Iterator[None]:
    """The lists of terms that come with the application are not in slicer-core: nobody needs to hear it."""
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
