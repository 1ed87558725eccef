"""The emulated window itself: PythonQt's manners, Slicer's widgets, and a small module with real clicks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import slicer
from emulation import dialogs, qt_application
from emulation.parameter_node import ConnectGui
from emulation.window import Window
from PySide6.QtTest import QTest

MODULE = """
import qt
import slicer
from slicer.parameterNodeWrapper import *
from slicer.ScriptedLoadableModule import *
from slicer.util import VTKObservationMixin
from slicer import vtkMRMLScalarVolumeNode
from typing import Annotated


@parameterNodeWrapper
class SmallParameterNode:
    volume: vtkMRMLScalarVolumeNode
    threshold: Annotated[float, WithinRange(0, 1)] = 0.25
    invert: bool = False


class Small(ScriptedLoadableModule):
    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        self.parent.title = "Small"


class SmallLogic(ScriptedLoadableModuleLogic):
    def getParameterNode(self):
        return SmallParameterNode(super().getParameterNode())


class SmallWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.entered = 0

    def setup(self):
        ScriptedLoadableModuleWidget.setup(self)
        widget = slicer.util.loadUI(self.resourcePath("UI/Small.ui"))
        self.layout.addWidget(widget)
        self.ui = slicer.util.childWidgetVariables(widget)
        widget.setMRMLScene(slicer.mrmlScene)
        self.logic = SmallLogic()
        self.parameters = self.logic.getParameterNode()
        self.parameters.connectGui(self.ui)
        self.ui.applyButton.connect("clicked(bool)", self.onApply)

    def enter(self):
        self.entered += 1

    def onApply(self):
        self.ui.note.text = f"{self.ui.selector.currentNode().GetName()} {self.ui.slider.value}"
"""

UI = """<?xml version="1.0" encoding="UTF-8"?>
<ui version="4.0"><class>Small</class>
<widget class="qMRMLWidget" name="Small"><layout class="QVBoxLayout" name="main">
 <item><widget class="ctkCollapsibleButton" name="section">
  <property name="text"><string>Inputs</string></property>
  <layout class="QFormLayout" name="form">
   <item row="0" column="0"><widget class="QLabel" name="label">
    <property name="text"><string>Volume:</string></property></widget></item>
   <item row="0" column="1"><widget class="qMRMLNodeComboBox" name="selector">
    <property name="nodeTypes"><stringlist><string>vtkMRMLScalarVolumeNode</string></stringlist></property>
    <property name="showChildNodeTypes"><bool>false</bool></property>
    <property name="noneEnabled"><bool>true</bool></property>
    <property name="SlicerParameterName" stdset="0"><string>volume</string></property></widget></item>
   <item row="1" column="1"><widget class="ctkSliderWidget" name="slider">
    <property name="decimals"><number>3</number></property>
    <property name="SlicerParameterName" stdset="0"><string>threshold</string></property></widget></item>
   <item row="2" column="1"><layout class="QHBoxLayout" name="row">
    <item><widget class="QCheckBox" name="invertBox">
     <property name="SlicerParameterName" stdset="0"><string>invert</string></property></widget></item>
    <item><widget class="QPushButton" name="applyButton">
     <property name="text"><string>Apply</string></property></widget></item></layout></item>
  </layout></widget></item>
 <item><widget class="QLabel" name="note"><property name="text"><string/></property></widget></item>
</layout></widget>
<customwidgets>
 <customwidget><class>qMRMLWidget</class><extends>QWidget</extends><header>qMRMLWidget.h</header>
  <container>1</container></customwidget>
 <customwidget><class>ctkCollapsibleButton</class><extends>QWidget</extends>
  <header>ctkCollapsibleButton.h</header><container>1</container></customwidget>
 <customwidget><class>qMRMLNodeComboBox</class><extends>QWidget</extends>
  <header>qMRMLNodeComboBox.h</header></customwidget>
 <customwidget><class>ctkSliderWidget</class><extends>QWidget</extends>
  <header>ctkSliderWidget.h</header></customwidget>
</customwidgets>
<connections><connection><sender>Small</sender><signal>mrmlSceneChanged(vtkMRMLScene*)</signal>
 <receiver>selector</receiver><slot>setMRMLScene(vtkMRMLScene*)</slot></connection></connections></ui>
"""


@pytest.fixture
def small(window: Window, tmp_path: Path) -> Any:
    """A small scripted module, opened."""
    (tmp_path / "Resources" / "UI").mkdir(parents=True)
    (tmp_path / "Resources" / "UI" / "Small.ui").write_text(UI)
    (tmp_path / "Small.py").write_text(MODULE)
    return window.make_widget(tmp_path / "Small.py")


def test_a_module_works_with_real_clicks(scene: Any, window: Window, small: Any, tmp_path: Path) -> None:
    assert small.entered == 1 and small.parent.isEntered
    volume = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "flair")
    small.ui.selector.setCurrentNode(volume)
    window.click(small.ui.applyButton)
    assert small.ui.note.text == "flair 0.25"
    assert small.parameters.volume is volume
    picture = window.screenshot(small, tmp_path / "small.png")
    assert picture.stat().st_size > 1000


def test_widgets_and_parameters_follow_each_other(window: Window, small: Any) -> None:
    window.click(small.ui.invertBox)
    assert small.parameters.invert is True
    small.parameters.threshold = 0.5
    assert small.ui.slider.value == pytest.approx(0.5)
    small.ui.slider.value = 0.7
    assert small.parameters.threshold == pytest.approx(0.7)
    assert (small.ui.slider.minimum, small.ui.slider.maximum) == (0.0, 1.0)


@pytest.mark.parametrize("returns_tag", [True, False])
def test_widgets_are_let_go_only_where_slicer_returns_a_tag(
    window: Window, small: Any, monkeypatch: pytest.MonkeyPatch, returns_tag: bool
) -> None:
    monkeypatch.setattr(ConnectGui, "returns_tag", returns_tag)
    other = small.logic.getParameterNode()
    other.disconnectGui(other.connectGui(small.ui))
    written = []
    monkeypatch.setattr(other, "setValue", lambda name, value: written.append(name))
    window.click(small.ui.invertBox)
    assert written == ([] if returns_tag else ["invert"])
    assert small.parameters.invert is True


def test_node_selector_follows_the_scene(scene: Any, small: Any) -> None:
    selector = small.ui.selector
    volume = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "one")
    scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "no child type")
    box = selector.comboBox()
    assert [box.itemText(index) for index in range(box.count())] == ["None", "one"]
    heard: list[Any] = []
    selector.connect("currentNodeChanged(vtkMRMLNode*)", heard.append)
    small.parameters.volume = volume
    volume.SetName("renamed")
    assert selector.currentNodeID == volume.GetID() and box.currentText() == "renamed"
    scene.RemoveNode(volume)
    assert selector.currentNode() is None and small.parameters.volume is None
    assert heard == [volume, None]


def test_closing_the_scene_empties_the_selector_and_the_parameters(scene: Any, small: Any) -> None:
    small.parameters.volume = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "one")
    scene.Clear()
    assert small.ui.selector.currentNode() is None


def test_a_collapsed_section_hides_what_is_in_it(window: Window, small: Any) -> None:
    small.ui.section.collapsed = True
    small.ui.label.visible = True
    assert not small.ui.applyButton.visible and not small.ui.label.visible
    with pytest.raises(AssertionError, match="cannot be seen"):
        window.click(small.ui.applyButton)
    QTest.mouseClick(small.ui.section, qt("Qt").LeftButton, pos=qt("QPoint")(20, 5))
    assert small.ui.section.collapsed is False
    assert small.ui.applyButton.visible and small.ui.label.visible


def test_another_module_can_be_opened(window: Window, small: Any) -> None:
    slicer.util.selectModule("SegmentEditor")
    assert not small.parent.isEntered
    slicer.util.selectModule("Small")
    assert small.entered == 2
    assert slicer.util.getModuleWidget("Small") is small
    assert slicer.util.getModuleLogic("Small") is small.logic
    assert slicer.util.getModuleLogic("Volumes") is slicer.modules.volumes.logic()


def test_typing_errors_in_attributes_and_signals_are_errors(window: Window) -> None:
    label = qt("QLabel")("text")
    with pytest.raises(AttributeError, match="creating new attributes"):
        label.txt = "typo"
    with pytest.raises(ValueError, match="no signal"):
        qt("QComboBox")().connect("currentIndexChanged(QString)", print)


def test_properties_are_attributes_and_have_setters(window: Window) -> None:
    button = qt("QPushButton")("Apply")
    button.setEnabled(False)
    button.name = "apply"
    assert (button.text, button.enabled, button.objectName) == ("Apply", False, "apply")
    button.setProperty("SlicerParameterName", "x")
    assert button.property("SlicerParameterName") == "x" and button.SlicerParameterName == "x"
    assert isinstance(button, qt("QWidget")) and not isinstance(button, qt("QLabel"))


def test_a_timer_calls_its_slot(window: Window) -> None:
    calls: list[int] = []
    timer = qt("QTimer")()
    timer.setSingleShot(True)
    timer.interval = 1
    timer.connect("timeout()", lambda: calls.append(1))
    timer.start()
    window.spin(until=lambda: bool(calls))
    qt("QTimer").singleShot(0, lambda: calls.append(2))
    window.spin(until=lambda: len(calls) == 2)
    assert calls == [1, 2]


def test_questions_are_answered_by_the_test_and_messages_are_kept(window: Window) -> None:
    dialogs.answers[:] = [True, False, "model.zip"]
    assert slicer.util.confirmYesNoDisplay("Replace?") is True
    assert slicer.util.confirmOkCancelDisplay("Sure?") is False
    assert qt("QFileDialog").getOpenFileName(None, "Open") == "model.zip"
    slicer.util.errorDisplay("Broken.")
    assert dialogs.asked == ["Replace?", "Sure?", "Open", "Broken."]
    with pytest.raises(AssertionError, match="No answer was prepared"):
        slicer.util.confirmYesNoDisplay("Unexpected?")


def test_an_exception_in_a_slot_is_remembered(window: Window, capsys: pytest.CaptureFixture[str]) -> None:
    button = qt("QPushButton")()
    button.connect("clicked()", lambda: 1 / 0)
    button.click()
    assert "ZeroDivisionError" in qt_application.errors.pop()


def qt(name: str) -> Any:
    """A class of Slicer's module ``qt``, which exists only after the emulation has started."""
    import qt as module

    return getattr(module, name)
