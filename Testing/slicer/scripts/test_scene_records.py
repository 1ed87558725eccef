from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from scripts.folder_script import module

from humor.errors import InputError, OutputError

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
    assert not list(tmp_path.glob(".*"))


def test_a_folder_that_cannot_be_written_is_named(records: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="file"):
        reopened(tmp_path / "file")
    (tmp_path / "records.jsonl").mkdir()
    with pytest.raises(OutputError, match="cannot be written"):
        records.add_done("one", INPUTS, 1.5, FACTS)
