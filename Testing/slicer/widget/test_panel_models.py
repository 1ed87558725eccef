"""Models and files in the panel: import, export, removal, temporary files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import slicer
from widget.panel_driver import PanelDriver

from HUMoRSegmentLib import adapter
from HUMoRSegmentLib.widget import dialogs


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    """What the user answers in windows of their own, and where models go."""
    given: dict[str, Any] = {"yes": True, "open": None, "save": None, "questions": []}

    def ask(question: str) -> bool:
        given["questions"].append(question)
        return bool(given["yes"])

    monkeypatch.setenv("HUMOR_MODELS", str(tmp_path / "models"))
    for module in ("dialogs", "storage_panel", "consent"):
        monkeypatch.setattr(f"HUMoRSegmentLib.widget.{module}.ask", ask)
    monkeypatch.setattr(dialogs, "open_zip", lambda: given["open"])
    monkeypatch.setattr(dialogs, "save_zip", lambda name: given["save"])
    return given


@pytest.fixture
def exported(answers: dict[str, Any], panel: PanelDriver, tmp_path: Path) -> Path:
    """The default model, written as a zip by the panel."""
    answers["save"] = tmp_path / "student.zip"
    panel.click("exportModelButton")
    panel.wait(lambda: panel.enabled("exportModelButton") and "was written" in panel.text("modelNote"))
    return tmp_path / "student.zip"


def test_a_model_is_exported_imported_and_removed(
    answers: dict[str, Any], panel: PanelDriver, exported: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "models" / "humor-student"
    answers["open"] = exported
    panel.click("importModelButton")
    panel.wait(lambda: "is imported and chosen" in panel.text("modelNote"))
    assert (folder / "bundle.json").is_file()
    assert "imported" in panel.text("modelNote")
    assert answers["questions"] == []
    panel.click("removeModelButton")
    assert not folder.exists()
    assert len(answers["questions"]) == 1
    assert not panel.enabled("removeModelButton")  # the one that comes with HUMoR stays


def test_a_model_that_is_there_is_replaced_only_after_a_question(
    answers: dict[str, Any], panel: PanelDriver, exported: Path
) -> None:
    answers["open"] = exported
    panel.click("importModelButton")
    panel.wait(lambda: "is imported and chosen" in panel.text("modelNote"))
    answers["yes"] = False
    panel.click("importModelButton")
    assert "Replace it?" in answers["questions"][0]
    answers["yes"] = True
    panel.click("importModelButton")
    panel.wait(lambda: panel.enabled("importModelButton"))
    assert "is imported and chosen" in panel.text("modelNote")


def test_a_file_that_is_no_model_is_refused_with_a_sentence(
    answers: dict[str, Any], panel: PanelDriver, tmp_path: Path
) -> None:
    answers["open"] = tmp_path / "broken.zip"
    answers["open"].write_text("no zip")
    panel.click("importModelButton")
    panel.wait(lambda: "✗" in panel.text("modelNote"))
    assert "broken.zip" in panel.text("modelNote")
    assert panel.enabled("importModelButton")


def test_left_over_temporary_files_are_counted_and_deleted(
    answers: dict[str, Any], panel: PanelDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = adapter.temporary_folder()
    (left / "t1.nrrd").write_bytes(bytes(2_000_000))
    panel.widget.enter()
    assert str(Path(slicer.app.temporaryPath)) in panel.text("storageNote")
    assert "Left over: 0" not in panel.text("storageNote")
    panel.click("deleteTemporaryButton")
    assert not left.exists()
    assert "Left over: 0" in panel.text("storageNote")
    assert not panel.enabled("deleteTemporaryButton")


def test_saying_no_deletes_nothing(answers: dict[str, Any], panel: PanelDriver) -> None:
    left = adapter.temporary_folder()
    panel.widget.enter()
    answers["yes"] = False
    panel.click("deleteTemporaryButton")
    assert left.exists()
    answers["yes"] = True
    panel.click("deleteTemporaryButton")
    assert not left.exists()
