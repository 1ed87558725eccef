from __future__ import annotations

import csv
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from scripts.folder_script import module

from humor.errors import InputError, OutputError, UserFileError

SceneRecords = module("scene_records").SceneRecords
SETTINGS = {"model": "1234", "device": "cpu"}
INPUTS = {"t1c": {"path": "x.nii.gz", "bytes": 100, "mtime_ns": 1}}
FACTS: dict[str, Any] = {
    "volumes_ml": {"WT": 10.5, "TC": 5.25, "ET": 1.0},
    "warnings": ["Only T1c, ä."],
    "model": "m 1",
    "device": "CPU",
}


@pytest.fixture
def records(tmp_path: Path) -> Any:
    return SceneRecords(tmp_path, ["one", "two"], SETTINGS)


def reopened(folder: Path, **settings: str) -> Any:
    return SceneRecords(folder, ["one", "two"], {**SETTINGS, **settings})


def test_done_means_recorded_with_the_same_files_and_choices_and_the_scene_there(
    records: Any, tmp_path: Path
) -> None:
    records.add_done("one", INPUTS, 1.5, FACTS)
    assert not records.is_done("one", INPUTS)
    records.scene("one").write_text("scene")
    assert records.is_done("one", INPUTS) and not records.is_done("two", INPUTS)
    assert reopened(tmp_path).is_done("one", INPUTS)
    assert not reopened(tmp_path, model="5678").is_done("one", INPUTS)
    assert not records.is_done("one", {"t1c": {**INPUTS["t1c"], "mtime_ns": 2}})


def test_a_failure_after_a_success_counts(records: Any, tmp_path: Path) -> None:
    records.scene("one").write_text("scene")
    records.add_done("one", INPUTS, 1.5, FACTS)
    records.add_failed("one", INPUTS, 1.0, InputError("why"))
    assert not reopened(tmp_path).is_done("one", INPUTS)
    lines = [json.loads(line) for line in (tmp_path / "records.jsonl").read_text().splitlines()]
    assert [line["error"] for line in lines] == [None, {"type": "InputError", "message": "why"}]


def test_a_line_that_a_kill_cut_off_spoils_no_other(records: Any, tmp_path: Path) -> None:
    records.add_done("one", INPUTS, 1.5, FACTS)
    with open(tmp_path / "records.jsonl", "a", encoding="utf-8") as file:
        file.write('{"study": "two", "sta')
    reopened(tmp_path).add_done("two", INPUTS, 1.5, FACTS)
    lines = (tmp_path / "records.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["study"] for line in lines] == ["one", "two"]


def test_the_table_has_one_row_for_each_study(records: Any, tmp_path: Path) -> None:
    for _ in range(2):
        records.add_done("one", INPUTS, 1.5, FACTS)
    with open(tmp_path / "volumes.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["study"], row["status"]) for row in rows] == [("one", "done"), ("two", "waiting")]
    assert (rows[0]["WT_ml"], rows[0]["sequences"], rows[0]["model"]) == ("10.5", "t1c", "m 1")
    assert [path.name for path in tmp_path.glob(".*")] == [".humor.batch"]


def test_a_scene_that_the_user_has_changed_is_kept(records: Any, tmp_path: Path) -> None:
    (tmp_path / "staged.mrb").write_text("scene")
    records.keep_scene("one", tmp_path / "staged.mrb")
    records.add_done("one", INPUTS, 1.5, FACTS)
    again = reopened(tmp_path)
    (tmp_path / "staged.mrb").write_text("better")
    again.keep_scene("one", tmp_path / "staged.mrb")
    assert again.scene("one").read_text() == "better"
    for study in ("one", "two"):
        again.scene(study).write_text("corrected")
        (tmp_path / "staged.mrb").write_text("new")
        with pytest.raises(UserFileError, match="never overwritten"):
            reopened(tmp_path).keep_scene(study, tmp_path / "staged.mrb")
        assert again.scene(study).read_text() == "corrected"


def test_of_scenes_without_hashes_what_is_newer_than_its_record_is_the_users(
    records: Any, tmp_path: Path
) -> None:
    """As version 0.1.0 left them."""
    records.scene("one").write_text("scene")
    records.add_done("one", INPUTS, 1.5, FACTS)
    records.refuse_foreign("one")
    later = time.time() + 10
    os.utime(records.scene("one"), (later, later))
    with pytest.raises(UserFileError):
        records.refuse_foreign("one")


@pytest.mark.parametrize("name", ["records.jsonl", "volumes.csv"])
def test_files_of_the_users_with_names_of_ours_are_kept(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine\n")
    with pytest.raises(UserFileError, match="Move it away"):
        reopened(tmp_path)
    assert (tmp_path / name).read_text() == "mine\n"


def test_a_folder_that_cannot_be_written_is_named(records: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="file"):
        reopened(tmp_path / "file")
    (tmp_path / "records.jsonl").mkdir()
    with pytest.raises(OutputError, match="cannot be written"):
        records.add_done("one", INPUTS, 1.5, FACTS)
