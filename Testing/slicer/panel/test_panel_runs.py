"""Runs from the panel with the real child process: to their end, cancelled, failed, and cut short."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import slicer
from emulation.studies import load_sample
from panel.panel_driver import PanelDriver

from humor.errors import OutputError
from humor.regions import REGION_KEYS
from humor.sequences import SEQUENCES
from HUMoRSegmentLib.inputs.volume_files import write_volumes
from HUMoRSegmentLib.scene import references
from HUMoRSegmentLib.scene.provenance import thresholds_of

by_signal = pytest.mark.skipif(sys.platform == "win32", reason="ends processes by signals")


@pytest.fixture
def ready(scene: Any, panel: PanelDriver) -> Iterator[PanelDriver]:
    """The panel with the sample study chosen, on the CPU."""
    panel.choose(load_sample(scene))
    panel.parameters.device = "cpu"
    panel.wait(lambda: panel.enabled("segmentButton"))
    yield panel


def start(panel: PanelDriver) -> None:
    """Press Segment and wait until the child process works."""
    panel.click("segmentButton")
    assert panel.text("messageNote") == ""
    assert not panel.enabled("segmentButton")
    assert panel.enabled("cancelButton")
    panel.wait(lambda: panel.ui.progressBar.value > 0, 120.0)


def node_ids() -> set[str]:
    nodes = slicer.mrmlScene.GetNodes()
    return {nodes.GetItemAsObject(index).GetID() for index in range(nodes.GetNumberOfItems())}


def assert_can_try_again(panel: PanelDriver) -> None:
    assert panel.enabled("segmentButton")
    assert not panel.enabled("cancelButton")
    assert not panel.ui.progressBar.visible


def test_segment_gives_a_result_that_can_be_looked_at_and_moved(ready: PanelDriver) -> None:
    panel = ready
    start(panel)
    assert "%" in panel.text("stageNote")
    panel.screenshot("panel-during")
    panel.wait(lambda: panel.enabled("segmentButton"), 240.0)
    assert panel.text("messageNote").startswith("✓ Done"), panel.text("messageNote")
    segmentation = panel.parameters.segmentation
    assert list(segmentation.GetSegmentation().GetSegmentIDs()) == list(REGION_KEYS)
    assert panel.ui.segmentationSelector.currentNode() is segmentation
    volumes = [panel.volume(region) for region in REGION_KEYS]
    assert volumes[0] > volumes[1] > volumes[2] > 0.0
    assert panel.text("resultNote").startswith("Plausibility: the whole tumour takes ")
    panel.screenshot("panel-after")

    check_the_way_to_the_segment_editor(panel)
    check_thresholds(panel, volumes)
    check_routing(panel)
    check_what_each_sequence_did(panel)
    check_that_a_second_run_updates(panel, segmentation)


def check_the_way_to_the_segment_editor(panel: PanelDriver) -> None:
    """Edit opens the editor on the result and the volume that it was made from."""
    panel.click("editButton")
    editor = slicer.modules.segmenteditor.widgetRepresentation().self().editor
    assert editor.segmentationNode() is panel.parameters.segmentation
    assert editor.sourceVolumeNode() in [getattr(panel.parameters, name) for name in SEQUENCES]
    slicer.util.selectModule("HUMoRSegment")


def check_thresholds(panel: PanelDriver, volumes: list[float]) -> None:
    """Moving a slider changes the volume; Reset brings it back."""
    own = dict(thresholds_of(panel.parameters.segmentation))
    panel.ui.wtSlider.value = 0.95
    panel.wait(lambda: panel.volume("WT") < volumes[0])
    assert panel.volume("WT") >= panel.volume("TC") >= panel.volume("ET")
    panel.click("resetThresholdsButton")
    assert panel.parameters.threshold_wt == pytest.approx(own["WT"])
    assert [panel.volume(region) for region in REGION_KEYS] == pytest.approx(volumes, abs=0.11)


def check_routing(panel: PanelDriver) -> None:
    """Gates are listed, their source is said, the overlay comes and goes."""
    ui = panel.ui
    assert panel.text("sourceNote")
    assert ui.gateBox.count > 1
    assert panel.text("weightsNote").count("%") >= ui.expertBox.count
    before = slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode")
    ui.overlayBox.currentIndex = 1
    panel.wait(lambda: slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") > before)
    assert ui.expertBox.enabled
    ui.gateBox.currentIndex = 1
    ui.expertBox.currentIndex = 1
    panel.settle()
    assert panel.parameters.gate == ui.gateBox.currentText
    assert panel.parameters.expert == ui.expertBox.currentText
    ui.overlayBox.currentIndex = 2
    panel.settle()
    assert not ui.expertBox.enabled
    ui.routingSection.collapsed = False
    panel.screenshot("panel-routing")
    panel.click("chartButton")
    assert panel.text("routingMessage") == ""
    assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLPlotChartNode") == 1
    panel.click("gateTableButton")
    selection = slicer.app.applicationLogic().GetSelectionNode()
    assert selection.GetActiveTableID() == table_of_gates(panel).GetID()
    panel.click("disputedButton")
    assert "disagree most here" in panel.text("routingMessage")
    ui.overlayBox.currentIndex = 0
    panel.settle()
    assert "✗" not in panel.text("routingMessage")


def table_of_gates(panel: PanelDriver) -> Any:
    return panel.parameters.segmentation.GetNodeReference(references.GATE_TABLE)


def check_what_each_sequence_did(panel: PanelDriver) -> None:
    """With two sequences: cancel first, then a table with a row for each sequence left out and region."""
    for name in ("t1", "t2"):
        getattr(panel.ui, f"{name}Selector").setCurrentNode(None)
    panel.click_when_ready("influenceButton")
    panel.wait(lambda: panel.enabled("cancelInfluenceButton"))
    assert not panel.enabled("segmentButton")
    panel.click("cancelInfluenceButton")
    panel.wait(lambda: panel.enabled("influenceButton"))
    assert "Cancelled" in panel.text("influenceMessage")
    panel.click("influenceButton")
    panel.wait(lambda: panel.enabled("influenceButton"), 240.0)
    assert panel.text("influenceMessage").startswith("✓"), panel.text("influenceMessage")
    assert panel.text("influenceNote").count("<tr>") == 1 + 2 * len(REGION_KEYS)
    assert panel.enabled("influenceTableButton")
    panel.screenshot("panel-influence")


def check_that_a_second_run_updates(panel: PanelDriver, segmentation: Any) -> None:
    """A run with one sequence replaces the tumour segments and takes its own thresholds."""
    of_the_model = dict(thresholds_of(segmentation))
    own = segmentation.GetSegmentation().AddEmptySegment("", "my own")
    panel.ui.etSlider.value = 0.7
    for name in ("t1", "t1c", "t2"):  # FLAIR stays
        getattr(panel.ui, f"{name}Selector").setCurrentNode(None)
    panel.wait(lambda: panel.enabled("segmentButton"))
    start(panel)
    panel.wait(lambda: panel.enabled("segmentButton"), 240.0)
    assert panel.parameters.segmentation is segmentation
    assert set(segmentation.GetSegmentation().GetSegmentIDs()) == {own, *REGION_KEYS}
    assert panel.parameters.threshold_et == pytest.approx(of_the_model["ET"])
    assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode") == 1


def test_cancel_leaves_the_scene_and_the_disk_as_they_were(ready: PanelDriver) -> None:
    before = node_ids()
    start(ready)
    folder = ready.run_folder()
    ready.click("cancelButton")
    ready.wait(lambda: ready.enabled("segmentButton"))
    assert "Cancelled" in ready.text("messageNote")
    assert node_ids() == before
    assert not folder.exists()
    assert_can_try_again(ready)


@by_signal
def test_a_child_that_is_killed_from_outside_is_explained(ready: PanelDriver) -> None:
    before = node_ids()
    start(ready)
    os.kill(ready.child_pid(), signal.SIGKILL)
    ready.wait(lambda: ready.enabled("segmentButton"))
    assert ready.text("messageNote").startswith("✗")
    assert "memory" in ready.text("messageNote")
    assert node_ids() == before
    assert_can_try_again(ready)


def test_a_device_that_is_not_there_fails_with_a_sentence(ready: PanelDriver) -> None:
    ready.parameters.device = "cuda:99"
    before = node_ids()
    ready.click_when_ready("segmentButton")
    ready.wait(lambda: ready.enabled("segmentButton"), 120.0)
    assert ready.text("messageNote").startswith("✗")
    assert "cuda:99" in ready.text("messageNote")
    assert node_ids() == before
    assert_can_try_again(ready)


def test_a_file_that_breaks_off_fails_with_a_sentence(
    ready: PanelDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_half(sequences: Any, folder: Path) -> dict[str, Path]:
        files = write_volumes(sequences, folder)
        os.truncate(files["t2"], files["t2"].stat().st_size // 2)
        return files

    monkeypatch.setattr("HUMoRSegmentLib.logic.write_volumes", write_half)
    ready.click("segmentButton")
    ready.wait(lambda: ready.enabled("segmentButton"), 120.0)
    assert ready.text("messageNote").startswith("✗")
    assert "t2" in ready.text("messageNote")
    assert_can_try_again(ready)


def test_a_disk_that_is_full_is_explained_before_anything_starts(
    ready: PanelDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_space(sequences: Any, folder: Path) -> dict[str, Path]:
        raise OutputError(f"{folder} is full. Free some space.")

    monkeypatch.setattr("HUMoRSegmentLib.logic.write_volumes", no_space)
    ready.click("segmentButton")
    assert "is full" in ready.text("messageNote")
    assert list(Path(slicer.app.temporaryPath).iterdir()) == []
    assert_can_try_again(ready)


def test_a_volume_without_voxels_is_in_the_way_before_a_run(scene: Any, panel: PanelDriver) -> None:
    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "no voxels")
    panel.choose({"flair": node})
    panel.wait(lambda: panel.text("flairCheck").startswith("✗"))
    assert not panel.enabled("segmentButton")
    assert panel.text("missingNote").startswith("FLAIR: ")


def test_closing_the_scene_ends_the_run_and_the_panel_starts_anew(ready: PanelDriver) -> None:
    start(ready)
    folder, pid = ready.run_folder(), ready.child_pid()
    slicer.mrmlScene.Clear(0)
    ready.settle()
    assert not folder.exists()
    assert not ready.is_alive(pid)
    assert "scene was closed" in ready.text("messageNote")
    assert ready.parameters.t1 is None
    assert "Choose at least one volume" in ready.text("missingNote")
    assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode") == 0


def test_removing_an_input_during_a_run_still_ends_it_properly(ready: PanelDriver) -> None:
    start(ready)
    slicer.mrmlScene.RemoveNode(ready.parameters.t1c)
    assert ready.ui.t1cSelector.currentNode() is None
    ready.wait(lambda: not ready.busy(), 240.0)
    assert ready.text("messageNote")[0] in "✓✗"
    assert_can_try_again(ready)


def test_what_did_each_sequence_do_is_asked_after_a_result_only(ready: PanelDriver) -> None:
    assert not ready.enabled("influenceButton")
    assert "Segment first" in ready.text("influenceMissingNote")


def test_unloading_the_module_ends_the_run(ready: PanelDriver) -> None:
    start(ready)
    folder, pid = ready.run_folder(), ready.child_pid()
    ready.widget.cleanup()
    assert not folder.exists()
    assert not ready.is_alive(pid)
