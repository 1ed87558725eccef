"""The module HUMoRSegment of 3D Slicer: registration and entry points; the rest is in HUMoRSegmentLib."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import slicer
import vtk
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)
from slicer.util import VTKObservationMixin

from HUMoRSegmentLib.logic import HUMoRSegmentLogic
from HUMoRSegmentLib.parameters import HUMoRSegmentParameterNode

__all__ = ["HUMoRSegment", "HUMoRSegmentLogic", "HUMoRSegmentTest", "HUMoRSegmentWidget"]


class HUMoRSegment(ScriptedLoadableModule):
    """What Slicer shows about the module."""

    def __init__(self, parent: Any) -> None:
        ScriptedLoadableModule.__init__(self, parent)
        parent.title = _("HUMoR Segment")
        parent.categories = [translate("qSlicerAbstractCoreModule", "Segmentation")]
        parent.dependencies = []
        parent.contributors = ["HUMoR contributors"]
        parent.helpText = _(
            "<p>Segments brain tumours (whole tumour, tumour core, enhancing tumour) from whichever of T1, "
            "T1c, T2 and FLAIR a patient has, on this computer, and shows which expert of the network "
            "decided what.</p><p>To try it: <i>Sample Data</i> has the generated study <i>HUMoRSample</i> "
            "with all four sequences; Slicer's own <i>MRBrainTumor1</i> and <i>MRBrainTumor2</i> are like "
            "T1c and show a run with a single sequence.</p><p>For research use only; not a medical device."
            "</p>"
        )
        parent.acknowledgementText = _(
            "Please cite HUMoR (CITATION.cff), and the works and data sets that the model's card names."
        )
        slicer.app.connect("startupCompleted()", _register_sample_study)


def _register_sample_study() -> None:
    from HUMoRSegmentLib.inputs.sample_study import register_sample_study

    register_sample_study(Path(__file__).resolve().parent / "Resources" / "Icons")


class HUMoRSegmentWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """The module's window: loads the ``.ui`` file and follows the scene."""

    def __init__(self, parent: Any = None) -> None:
        # Before the base class: without a parent that calls setup.
        VTKObservationMixin.__init__(self)
        self.logic: HUMoRSegmentLogic | None = None
        self.window: Any = None
        self._parameters: HUMoRSegmentParameterNode | None = None
        self._gui_tag: int | None = None
        ScriptedLoadableModuleWidget.__init__(self, parent)

    def setup(self) -> None:
        """Build the window, the first time that the module is opened."""
        from HUMoRSegmentLib.panel.window import Window

        ScriptedLoadableModuleWidget.setup(self)
        widget = slicer.util.loadUI(self.resourcePath("UI/HUMoRSegment.ui"))
        self.layout.addWidget(widget)
        self.ui = slicer.util.childWidgetVariables(widget)
        widget.setMRMLScene(slicer.mrmlScene)
        self.logic = HUMoRSegmentLogic()
        self.window = Window(self.ui, self.logic)
        scene = slicer.mrmlScene
        self.addObserver(scene, scene.StartCloseEvent, self._scene_starts_closing)
        self.addObserver(scene, scene.EndCloseEvent, self._scene_closed)
        self.addObserver(scene, scene.EndImportEvent, self._scene_imported)
        self._follow_scene()

    def cleanup(self) -> None:
        """The module is unloaded, or Slicer ends."""
        if self.window is not None:
            self.window.close()
        self._let_go()
        self.removeObservers()

    def enter(self) -> None:
        """The module is shown."""
        self._follow_scene()
        if self.window is not None:
            self.window.enter()

    def exit(self) -> None:
        """Another module is shown. A run goes on, so its end must find the parameters: they are kept."""
        if self.window is not None:
            self.window.leave()

    def _scene_starts_closing(self, caller: Any, event: Any) -> None:
        if self.window is not None:
            self.window.close_scene()
        self._let_go()

    def _scene_closed(self, caller: Any, event: Any) -> None:
        if self.parent.isEntered:
            self._follow_scene()

    def _scene_imported(self, caller: Any, event: Any) -> None:
        if self._parameters is not None or self.parent.isEntered:
            self._let_go()  # the node may be the same, but its values are others
            self._follow_scene()

    def _follow_scene(self) -> None:
        """Show the parameters that the scene has, also after another scene was loaded."""
        if self.logic is None:
            return
        found = self.logic.getParameterNode()
        if self._parameters is not None and found.parameterNode is self._parameters.parameterNode:
            self.window.set_parameters(self._parameters)
            return  # Slicer 5.10 cannot take connections back, so no second ones are made
        self._let_go()
        self._parameters = found
        self._gui_tag = self._parameters.connectGui(self.ui)
        self.addObserver(self._parameters, vtk.vtkCommand.ModifiedEvent, self._parameters_changed)
        self.window.set_parameters(self._parameters)

    def _let_go(self) -> None:
        if self._parameters is None:
            return
        self._parameters.disconnectGui(self._gui_tag)
        self.removeObserver(self._parameters, vtk.vtkCommand.ModifiedEvent, self._parameters_changed)
        self._parameters = None
        if self.window is not None:
            self.window.set_parameters(None)

    def _parameters_changed(self, caller: Any, event: Any) -> None:
        if not slicer.mrmlScene.IsImporting():  # half of the nodes are not there yet
            self.window.refresh()


class HUMoRSegmentTest(ScriptedLoadableModuleTest):
    """The module's scenarios inside Slicer; asks before it installs packages that are missing."""

    def setUp(self) -> None:
        """Every scenario has an empty scene."""
        slicer.mrmlScene.Clear()

    def runTest(self) -> None:
        """Run all scenarios."""
        from HUMoRSegmentLib.tests_in_slicer import SCENARIOS

        for scenario in SCENARIOS:
            self.setUp()
            self.delayDisplay((scenario.__doc__ or scenario.__name__).splitlines()[0])
            scenario()
        self.delayDisplay("All scenarios passed.")
