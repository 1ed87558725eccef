"""Emulation of the layout manager: real slice nodes and slice logics, without Qt's views."""

from __future__ import annotations

from typing import Any

SIZE = 256
SLICES = {"Red": "Axial", "Yellow": "Sagittal", "Green": "Coronal"}


class LayoutManager:
    """``slicer.app.layoutManager()`` with the views of the conventional layout.

    Args:
        scene: gets a slice node for each view.
        application_logic: gets the slice logics.
    """

    def __init__(self, scene: Any, application_logic: Any) -> None:
        import slicer

        self._logics = application_logic.GetSliceLogics()
        self._slices: dict[str, SliceWidget] = {}
        for name, orientation in SLICES.items():
            logic = slicer.vtkMRMLSliceLogic()
            logic.SetMRMLApplicationLogic(application_logic)
            logic.SetMRMLScene(scene)
            node = logic.AddSliceNode(name)
            node.SetOrientation(orientation)
            node.SetMappedInLayout(1)
            logic.ResizeSliceNode(SIZE, SIZE)
            self._logics.AddItem(logic)
            self._slices[name] = SliceWidget(logic)
        self._views = slicer.vtkMRMLViewLogic()
        self._views.SetMRMLApplicationLogic(application_logic)
        self._views.SetMRMLScene(scene)
        self._views.AddViewNode("1")
        application_logic.GetViewLogics().AddItem(self._views)
        self._layouts = slicer.vtkMRMLLayoutLogic()
        self._layouts.SetMRMLScene(scene)
        if self._layouts.GetLayoutNode() is None:
            node = slicer.vtkMRMLLayoutNode()
            node.SetSingletonTag("vtkMRMLLayoutNode")
            scene.AddNode(node)

    def layoutLogic(self) -> Any:
        return self._layouts

    def setLayout(self, layout: int) -> None:
        self._layouts.GetLayoutNode().SetViewArrangement(layout)

    @property
    def layout(self) -> int:
        return int(self._layouts.GetLayoutNode().GetViewArrangement())

    def sliceViewNames(self) -> tuple[str, ...]:
        return tuple(self._slices)

    def sliceWidget(self, name: str) -> SliceWidget | None:
        return self._slices.get(name)

    def mrmlSliceLogics(self) -> Any:
        return self._logics

    def resetSliceViews(self) -> None:
        for index in range(self._logics.GetNumberOfItems()):
            self._logics.GetItemAsObject(index).FitSliceToBackground()

    def resetThreeDViews(self) -> None:
        """The only 3-D view is not drawn."""

    @property
    def threeDViewCount(self) -> int:
        return 1

    @property
    def plotViewCount(self) -> int:
        return 0

    @property
    def tableViewCount(self) -> int:
        return 0

    def threeDWidget(self, index: int) -> ThreeDWidget:
        return ThreeDWidget(self._views)


class SliceWidget:
    """A slice view: node and logic, nothing drawn; ``emulation.slice_view`` draws."""

    def __init__(self, logic: Any) -> None:
        self._logic = logic

    def mrmlSliceNode(self) -> Any:
        return self._logic.GetSliceNode()

    def mrmlSliceCompositeNode(self) -> Any:
        return self._logic.GetSliceCompositeNode()

    def sliceLogic(self) -> Any:
        return self._logic

    def sliceView(self) -> View:
        return View()


class ThreeDWidget:
    """The 3-D view: its node only."""

    def __init__(self, logic: Any) -> None:
        self._logic = logic

    def mrmlViewNode(self) -> Any:
        return self._logic.GetViewNode()

    def threeDView(self) -> View:
        return View()


class View:
    """What is asked of a view that is not drawn."""

    def scheduleRender(self) -> None:
        """Nothing is drawn."""

    def forceRender(self) -> None:
        """Nothing is drawn."""

    def resetFocalPoint(self) -> None:
        """Nothing is drawn."""
