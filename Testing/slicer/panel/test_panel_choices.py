"""The panel before a run: choices, guess, checks, quality, and what is missing. Real ``.ui``, real clicks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from emulation import dialogs
from emulation.studies import load_sample
from panel.panel_driver import PanelDriver

from humor.errors import HumorError
from humor.sequences import SEQUENCES


def test_without_a_volume_segment_is_disabled_and_the_panel_says_why(panel: PanelDriver) -> None:
    assert not panel.enabled("segmentButton")
    assert "Choose at least one volume" in panel.text("missingNote")
    assert not panel.enabled("cancelButton")


def test_nothing_is_guessed_unasked_and_a_guess_gives_its_reasons(scene: Any, panel: PanelDriver) -> None:
    volumes = load_sample(scene)
    panel.settle()
    assert all(getattr(panel.parameters, name) is None for name in SEQUENCES)
    panel.click("guessButton")
    assert {name: getattr(panel.parameters, name) for name in SEQUENCES} == volumes
    for name in SEQUENCES:
        assert getattr(panel.ui, f"{name}Selector").currentNode() is volumes[name]
        assert panel.text(f"{name}Reason")
    panel.wait(lambda: panel.enabled("segmentButton"))
    assert panel.text("missingNote") == ""
    panel.screenshot("panel-before")


def test_a_reason_goes_when_the_user_chooses_another_volume(scene: Any, panel: PanelDriver) -> None:
    load_sample(scene)
    panel.click("guessButton")
    panel.ui.t1Selector.setCurrentNode(None)
    panel.settle()
    assert panel.parameters.t1 is None
    assert panel.text("t1Reason") == ""
    assert panel.text("t2Reason") != ""


def test_a_guess_keeps_what_the_user_chose_where_it_finds_nothing(scene: Any, panel: PanelDriver) -> None:
    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "anything")
    panel.parameters.t2 = node
    panel.click("guessButton")
    assert panel.parameters.t2 is node
    assert panel.text("guessNote") != ""


def test_every_chosen_volume_gets_a_line_with_a_sign(scene: Any, panel: PanelDriver) -> None:
    panel.choose(load_sample(scene))
    panel.wait(lambda: panel.text("flairCheck") != "")
    assert all(panel.text(f"{name}Check")[0] in "✓⚠" for name in SEQUENCES)


def test_one_volume_chosen_twice_is_in_the_way_and_said(scene: Any, panel: PanelDriver) -> None:
    volume = load_sample(scene)["t2"]
    panel.choose({"t2": volume, "flair": volume})
    panel.wait(lambda: panel.text("t2Check").startswith("✗"))
    assert not panel.enabled("segmentButton")
    assert panel.text("missingNote").startswith("T2: ")
    panel.ui.flairSelector.setCurrentNode(None)
    panel.wait(lambda: panel.enabled("segmentButton"))


def test_expected_quality_is_that_of_the_chosen_subset(scene: Any, panel: PanelDriver) -> None:
    volumes = load_sample(scene)
    assert panel.text("qualityNote") == ""
    panel.choose({name: volumes[name] for name in ("t2", "flair")})
    two = panel.text("qualityNote")
    panel.choose({"t1": volumes["t1"]})
    assert "T2 + FLAIR" in two
    assert "T2 + FLAIR" not in panel.text("qualityNote")


def test_check_boxes_combo_boxes_and_parameters_are_the_same(scene: Any, panel: PanelDriver) -> None:
    panel.tick("labelMapCheckBox")
    assert panel.parameters.label_map
    panel.parameters.keep_probabilities = False
    assert not panel.ui.probabilitiesCheckBox.checked
    panel.ui.deviceBox.currentIndex = 1
    assert panel.parameters.device == "cpu"
    panel.parameters.device = "auto"
    assert panel.ui.deviceBox.currentIndex == 0
    panel.ui.referenceBox.currentIndex = 2
    assert panel.parameters.reference == "t1c"


def test_a_grid_of_a_sequence_that_is_missing_is_in_the_way(scene: Any, panel: PanelDriver) -> None:
    panel.choose({"flair": load_sample(scene)["flair"]})
    panel.parameters.reference = "t1c"
    assert "T1c" in panel.text("missingNote")
    assert not panel.enabled("segmentButton")


def test_a_model_of_another_computer_is_shown_and_never_replaced_unasked(
    scene: Any, panel: PanelDriver
) -> None:
    panel.choose({"flair": load_sample(scene)["flair"]})
    panel.parameters.model = "somebody-elses"
    assert "somebody-elses" in panel.ui.modelBox.currentText
    assert "not installed" in panel.text("missingNote")
    assert panel.parameters.model == "somebody-elses"
    panel.ui.modelBox.currentIndex = 0
    assert panel.parameters.model == "humor-student"
    assert panel.text("missingNote") == ""


def test_a_saved_scene_restores_the_panel(scene: Any, panel: PanelDriver, tmp_path: Path) -> None:
    import slicer

    volumes = load_sample(scene)
    panel.choose({name: volumes[name] for name in ("t1c", "flair")})
    panel.parameters.device = "cpu"
    panel.parameters.reference = "flair"
    panel.parameters.mirror = True
    panel.parameters.register_first = True
    panel.parameters.threshold_et = 0.3
    names = {name: volumes[name].GetName() for name in ("t1c", "flair")}
    saved = str(tmp_path / "saved.mrb")
    assert slicer.util.saveScene(saved)
    scene.Clear(0)
    panel.settle()
    assert panel.parameters.t1c is None
    assert panel.parameters.device == "auto"
    assert slicer.util.loadScene(saved) is not False
    panel.settle()
    assert {name: getattr(panel.parameters, name).GetName() for name in names} == names
    assert panel.ui.flairSelector.currentNode().GetName() == names["flair"]
    assert panel.ui.t2Selector.currentNode() is None
    assert panel.ui.deviceBox.currentIndex == 1
    assert panel.ui.referenceBox.currentText == "FLAIR"
    assert panel.ui.mirrorCheckBox.checked
    assert panel.ui.registerCheckBox.checked
    assert panel.ui.etSlider.value == pytest.approx(0.3)


def test_saying_no_to_the_installation_starts_nothing_and_says_what_to_do(
    scene: Any, panel: PanelDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(panel.logic, "missing_packages", lambda model, device: ["nibabel>=5.2"])
    panel.choose({"flair": load_sample(scene)["flair"]})
    dialogs.answers.append(False)
    panel.click_when_ready("segmentButton")
    assert "nibabel" in dialogs.asked[-1]
    assert "Nothing was installed" in panel.text("messageNote")
    assert panel.enabled("segmentButton")
    assert not panel.enabled("cancelButton")


def test_an_installation_that_fails_is_explained_and_can_be_tried_again(
    scene: Any, panel: PanelDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(model: str, device: str) -> None:
        raise HumorError("pip could not reach pypi.org. Connect, or install by hand.")

    monkeypatch.setattr(panel.logic, "missing_packages", lambda model, device: ["nibabel>=5.2"])
    monkeypatch.setattr(panel.logic, "install", fail)
    panel.choose({"flair": load_sample(scene)["flair"]})
    dialogs.answers.append(True)
    panel.click_when_ready("segmentButton")
    assert "install by hand" in panel.text("messageNote")
    assert panel.enabled("segmentButton")
