"""Models and files in the panel: import, export, removal, temporary files."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
import slicer
from emulation import dialogs
from panel.panel_driver import PanelDriver

from HUMoRSegmentLib.panel.model import model_name
from HUMoRSegmentLib.run.temporary_files import make_folder


@pytest.fixture(autouse=True)
def models(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The user's folder of models, empty."""
    monkeypatch.setenv("HUMOR_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


@pytest.fixture
def exported(models: Path, panel: PanelDriver, tmp_path: Path) -> Path:
    """The default model, written as a zip by the panel."""
    dialogs.answers.append(tmp_path / "student.zip")
    panel.click("exportModelButton")
    panel.wait(lambda: "was written" in panel.text("modelNote"))
    return tmp_path / "student.zip"


def import_model(panel: PanelDriver, path: Path) -> None:
    dialogs.answers.insert(0, path)
    panel.click("importModelButton")
    panel.wait(lambda: panel.enabled("importModelButton"))


def test_a_model_is_exported_imported_and_removed(models: Path, panel: PanelDriver, exported: Path) -> None:
    import_model(panel, exported)
    assert "was imported and is chosen" in panel.text("modelNote")
    assert (models / "humor-student" / "bundle.json").is_file()
    dialogs.answers.append(True)
    panel.click("removeModelButton")
    assert not (models / "humor-student").exists()
    assert not panel.enabled("removeModelButton")  # the one that comes with HUMoR stays


def test_a_model_that_is_there_is_replaced_only_after_a_question(
    models: Path, panel: PanelDriver, exported: Path
) -> None:
    import_model(panel, exported)
    before = (models / "humor-student").stat().st_ino
    dialogs.answers.append(False)
    import_model(panel, exported)
    assert "Replace it?" in dialogs.asked[-1]
    assert (models / "humor-student").stat().st_ino == before
    dialogs.answers.append(True)
    import_model(panel, exported)
    assert (models / "humor-student").stat().st_ino != before
    assert "was imported and is chosen" in panel.text("modelNote")


def test_a_file_that_is_no_model_is_refused_with_a_sentence(panel: PanelDriver, tmp_path: Path) -> None:
    (tmp_path / "broken.zip").write_text("no zip")
    import_model(panel, tmp_path / "broken.zip")
    assert "✗" in panel.text("modelNote")
    assert "broken.zip" in panel.text("modelNote")


def test_closing_the_file_dialog_does_nothing(panel: PanelDriver) -> None:
    before = panel.text("modelNote")
    dialogs.answers.extend(["", ""])
    panel.click("importModelButton")
    panel.click("exportModelButton")
    assert panel.text("modelNote") == before


def test_the_folder_of_models_is_opened_once_there_is_one(models: Path, panel: PanelDriver) -> None:
    panel.click("openModelsButton")
    assert dialogs.opened == []
    assert str(models) in panel.text("modelNote")
    models.mkdir()
    panel.click("openModelsButton")
    assert dialogs.opened == [models.as_uri()]


def test_left_over_temporary_files_are_counted_and_deleted(panel: PanelDriver) -> None:
    left = make_folder()
    (left / "t1.nrrd").write_bytes(bytes(2_000_000))
    panel.widget.enter()
    assert str(slicer.app.temporaryPath) in panel.text("storageNote")
    assert "Left over: 1 (2.0 MB)" in panel.text("storageNote")
    dialogs.answers.append(True)
    panel.click("deleteTemporaryButton")
    assert not left.exists()
    assert "Left over: 0" in panel.text("storageNote")
    assert not panel.enabled("deleteTemporaryButton")


def test_saying_no_deletes_nothing(panel: PanelDriver) -> None:
    left = make_folder()
    panel.widget.enter()
    dialogs.answers.append(False)
    panel.click("deleteTemporaryButton")
    assert left.exists()


def test_all_imported_models_are_deleted_at_once(models: Path, panel: PanelDriver, exported: Path) -> None:
    import_model(panel, exported)
    assert "Kept there: 1" in panel.text("storageNote")
    dialogs.answers.append(True)
    panel.click("deleteModelsButton")
    assert not (models / "humor-student").exists()
    assert "Kept there: 0" in panel.text("storageNote")
    assert panel.text("missingNote").startswith("Choose at least one volume")


def make_zip(path: Path, member: str, text: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(member, text)
    return path


def test_the_name_stands_in_the_description_inside_the_zip(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "any.zip", "folder/bundle.json", json.dumps({"name": "my-model"}))
    assert model_name(path) == "my-model"


def test_a_file_that_is_no_model_has_no_name(tmp_path: Path) -> None:
    nothing = tmp_path / "missing.zip"
    no_zip = tmp_path / "text.zip"
    no_zip.write_text("not a zip")
    other = make_zip(tmp_path / "other.zip", "readme.txt", "hello")
    damaged = make_zip(tmp_path / "damaged.zip", "bundle.json", "{")
    no_table = make_zip(tmp_path / "list.zip", "bundle.json", "[1]")
    assert [model_name(path) for path in (nothing, no_zip, other, damaged, no_table)] == [""] * 5
