"""Emulation of a slice view, off-screen: a picture of what Slicer would show at one place.

Real: slice logic (layers, colours, opacity) and the displayable managers that draw segments and colour
legends. Emulated: the view around them, which in Slicer is a Qt widget. Needs OpenGL: EGL or OSMesa will do.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import slicer

VIEWS = {"Axial": "Red", "Sagittal": "Yellow", "Coronal": "Green"}
SIZE = 400
_MANAGERS = (
    "vtkMRMLSegmentationsDisplayableManager2D",
    "vtkMRMLColorLegendDisplayableManager",
    "vtkMRMLCrosshairDisplayableManager",
)
_views: dict[str, _View] = {}


def render(
    path: Path, orientation: str = "Axial", ras: Sequence[float] | None = None, size: int = SIZE
) -> Path:
    """Draw one slice of the application's scene: layers, segments, colour legends.

    Args:
        path: a PNG file.
        orientation: ``Axial``, ``Sagittal`` or ``Coronal``.
        ras: a point in the slice, mm; the middle of the background volume without.
        size: edge of the picture in pixels.
    """
    _views[orientation].draw(path, ras, size)
    return path


def open_views() -> None:
    """Make the views, undrawn. First of all: they learn of colour legends that come, not of older ones."""
    for orientation, name in VIEWS.items():
        _views[orientation] = _View(name)


class _View:
    """One slice view, drawn without a window. Its displayable managers observe the scene."""

    def __init__(self, name: str) -> None:
        from vtkmodules.vtkRenderingCore import vtkActor2D, vtkImageMapper, vtkRenderer, vtkRenderWindow

        self._logic = slicer.app.layoutManager().sliceWidget(name).sliceLogic()
        self._window = vtkRenderWindow()
        self._window.SetOffScreenRendering(1)
        self._window.SetMultiSamples(0)
        renderer = vtkRenderer()
        self._window.AddRenderer(renderer)
        self._mapper = vtkImageMapper()
        self._mapper.SetColorWindow(255)
        self._mapper.SetColorLevel(127.5)
        actor = vtkActor2D()
        actor.SetMapper(self._mapper)
        renderer.AddViewProp(actor)  # the first prop: everything else is drawn over it
        self._managers = _displayable_managers(renderer, self._window)
        self._managers.SetMRMLDisplayableNode(self._logic.GetSliceNode())

    def draw(self, path: Path, ras: Sequence[float] | None, size: int) -> None:
        from vtkmodules.vtkIOImage import vtkPNGWriter
        from vtkmodules.vtkRenderingCore import vtkWindowToImageFilter

        self._window.SetSize(size, size)
        self._logic.ResizeSliceNode(size, size)
        self._logic.FitSliceToBackground()
        if ras is not None:
            self._logic.GetSliceNode().JumpSliceByOffsetting(*ras)
        self._logic.UpdatePipeline()
        self._mapper.SetInputConnection(self._logic.GetImageDataConnection())
        self._window.Render()
        picture = vtkWindowToImageFilter()
        picture.SetInput(self._window)
        picture.ReadFrontBufferOff()
        writer = vtkPNGWriter()
        writer.SetFileName(str(path))
        writer.SetInputConnection(picture.GetOutputPort())
        writer.Write()


def _displayable_managers(renderer: Any, window: Any) -> Any:
    from vtkmodules.vtkRenderingUI import vtkGenericRenderWindowInteractor

    interactor = vtkGenericRenderWindowInteractor()
    interactor.SetRenderWindow(window)
    factory = slicer.vtkMRMLSliceViewDisplayableManagerFactory.GetInstance()
    factory.SetMRMLApplicationLogic(slicer.app.applicationLogic())
    for name in _MANAGERS:
        if not factory.IsDisplayableManagerRegistered(name):
            factory.RegisterDisplayableManager(name)
    return factory.InstantiateDisplayableManagers(renderer)
