from __future__ import annotations

import csv
import io
import json
import os
from contextlib import suppress
from pathlib import Path

import pytest

from humor.batch.batch_folder import BatchFolder
from humor.batch.messages import Failure, Settings
from humor.batch.records import Record, Records, failed_record, volumes_table
from humor.batch.state import LOCK as BATCH_LOCK
from humor.batch.state import OWN_FILES, RECORDS, STATE_FOLDER, VOLUMES
from humor.errors import OutputError, UserFileError
from humor.options import SegmentOptions
from humor.output.folder import LOCK, STAGING
from humor.output.ownership import JOURNAL, Journal
from humor.plain_files import PARTIAL

SETTINGS = Settings(SegmentOptions(), Path("folder"), "model", "sha")


def failed(study: str, message: str = "broken") -> Record:
    return failed_record(study, Failure("InputError", message), SETTINGS, {}, 1, 0.5)


def test_records_are_appended_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    for study in ("a", "ä", "a"):
        Records(path).append(failed(study))
    records = Records(path)
    assert list(records.last) == ["a", "ä"]
    assert len(path.read_text(encoding="utf-8").splitlines()) == 3


@pytest.mark.parametrize("keep", [1, 20, -1])
def test_a_torn_last_line_is_cut_off_and_the_next_one_is_whole(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "records.jsonl"
    records = Records(path)
    records.append(failed("a"))
    whole = path.read_bytes()
    path.write_bytes(whole + whole.rstrip(b"\n")[:keep])
    again = Records(path)
    again.append(failed("b"))
    assert [json.loads(line)["study"] for line in path.read_bytes().splitlines()] == ["a", "b"]


def test_a_line_that_is_no_record_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    path.write_text('scribble\n{"study": 3}\n' + json.dumps(failed("a")) + "\n")
    assert list(Records(path).last) == ["a"]
    assert path.read_text().startswith("scribble\n")


@pytest.mark.parametrize(
    "damage",
    [
        {"volumes_ml": 3},
        {"sequences": None},
        {"warnings": "x"},
        {"error": []},
        {"status": "odd"},
        {"model": 1},
    ],
)
def test_a_record_that_does_not_hold_what_it_should_is_left_alone(tmp_path: Path, damage: Record) -> None:
    path = tmp_path / "records.jsonl"
    path.write_text(json.dumps(failed("a") | damage) + "\n" + "[" * 100_000 + "\n")
    records = Records(path)
    assert not records.last
    records.append(failed("b"))
    volumes_table(["a", "b"], Records(path).last)
    assert len(path.read_bytes().splitlines()) == 3


def test_what_somebody_has_added_without_ending_the_line_stays(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    Records(path).append(failed("a"))
    with open(path, "a") as file:
        file.write("my note")
    Records(path).append(failed("b"))
    lines = path.read_text().splitlines()
    assert lines[1] == "my note" and json.loads(lines[2])["study"] == "b"


def test_a_name_that_is_no_text_is_recorded(tmp_path: Path) -> None:
    odd = os.fsdecode(b"caf\xe9")
    path = tmp_path / "records.jsonl"
    Records(path).append(failed("a", odd))
    assert Records(path).last["a"]["error"]["message"] == odd
    assert b"caf\\udce9" in volumes_table([], Records(path).last)


def test_records_behind_a_link_are_not_written(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("precious\n")
    (tmp_path / "records.jsonl").symlink_to(tmp_path / "precious")
    with pytest.raises(OSError):
        Records(tmp_path / "records.jsonl")
    assert (tmp_path / "precious").read_text() == "precious\n"


@pytest.mark.parametrize("name", [RECORDS, VOLUMES])
def test_a_file_of_the_users_with_a_name_of_ours_stops_the_batch(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("study,t1\nA,a.nii\n")
    with pytest.raises(UserFileError, match=f"{name}.*Move it away"):
        BatchFolder(tmp_path).__enter__()
    assert (tmp_path / name).read_text() == "study,t1\nA,a.nii\n"


def test_a_table_that_was_edited_is_kept(tmp_path: Path) -> None:
    with BatchFolder(tmp_path) as folder:
        folder.record(failed("a"))
        folder.write_table(["a"])
        (tmp_path / VOLUMES).write_text((tmp_path / VOLUMES).read_text() + "mine\n")
        with pytest.raises(UserFileError, match="changed since"):
            folder.write_table(["a"])
    with pytest.raises(UserFileError, match="changed since"):
        BatchFolder(tmp_path).__enter__()
    assert (tmp_path / VOLUMES).read_text().endswith("mine\n")


def test_a_table_without_known_hash_is_told_by_its_columns(tmp_path: Path) -> None:
    """As version 0.1.0 left it, or where the state was damaged."""
    with BatchFolder(tmp_path) as folder:
        folder.write_table(["a"])
    for damage in ("", "{", "[1]"):
        (tmp_path / STATE_FOLDER / OWN_FILES).write_text(damage)
        with BatchFolder(tmp_path) as folder:
            folder.write_table(["a", "b"])


@pytest.mark.parametrize("name", ["", BATCH_LOCK, OWN_FILES])
def test_links_in_the_state_are_not_followed(tmp_path: Path, name: str) -> None:
    theirs, out = tmp_path / "theirs", tmp_path / "out"
    theirs.mkdir()
    (theirs / "lock").write_text("precious")
    (out / STATE_FOLDER).parent.mkdir()
    if name:
        (out / STATE_FOLDER).mkdir()
        (out / STATE_FOLDER / name).symlink_to(theirs / "lock")
    else:
        (out / STATE_FOLDER).symlink_to(theirs, target_is_directory=True)
    with suppress(OutputError), BatchFolder(out) as folder:
        folder.write_table(["a"])
    assert {path.name: path.read_text() for path in theirs.iterdir()} == {"lock": "precious"}


def test_the_table_has_one_row_for_every_study(tmp_path: Path) -> None:
    done = failed("b") | {
        "status": "done",
        "volumes_ml": {"WT": 3.0, "TC": 2.0, "ET": 1.0},
        "labels_ml": {"1": 1.0, "2": 1.0, "4": 1.0},
        "sequences": ["t1", "flair"],
        "warnings": ["one", "two"],
        "error": None,
    }
    last = {"earlier": failed("earlier"), "b": done, "c": failed("c", "two\nlines, and a comma")}
    path = tmp_path / "volumes.csv"
    path.write_bytes(volumes_table(["a", "b", "c"], last))
    with open(path, encoding="utf-8", newline="") as file:
        rows = {row["study"]: row for row in csv.DictReader(file)}
    assert list(rows) == ["a", "b", "c", "earlier"]
    assert rows["a"]["status"] == "waiting" and rows["c"]["error"] == "two lines, and a comma"
    b = rows["b"]
    assert (b["WT_ml"], b["label_4_ml"], b["sequences"], b["warnings"]) == ("3.0", "1.0", "t1 flair", "2")


def test_two_batches_cannot_write_to_one_folder(tmp_path: Path) -> None:
    with BatchFolder(tmp_path / "out"), pytest.raises(OutputError, match="another batch"):
        BatchFolder(tmp_path / "out").__enter__()
    with BatchFolder(tmp_path / "out"):
        pass


def test_a_folder_that_cannot_be_made_is_told_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="choose another"):
        BatchFolder(tmp_path / "file" / "out").__enter__()


def test_what_a_killed_worker_left_is_swept_away(tmp_path: Path) -> None:
    with BatchFolder(tmp_path) as folder:
        for study in ("new", "older"):
            staging = tmp_path / study / f"{STAGING}0123{PARTIAL}"
            staging.mkdir(parents=True)
            (staging / "half").write_bytes(b"of a label map")
            Journal(tmp_path / study / JOURNAL).write(staging.name, {})
            (tmp_path / study / LOCK).touch()
        (tmp_path / "older" / "report.json").write_text("{}")
        for study in ("new", "older", "never begun"):
            folder.sweep(study)
    assert not (tmp_path / "new").exists()
    assert [path.name for path in (tmp_path / "older").iterdir()] == ["report.json"]


def test_names_and_messages_are_no_formulas_and_numbers_stay_numbers() -> None:
    record = {
        "status": "failed",
        "volumes_ml": {"WT": -1.5},
        "labels_ml": {},
        "sequences": [],
        "warnings": [],
        "seconds": 1.0,
        "model": "@model",
        "error": {"message": "+A1 \x1b[2J"},
    }
    table = volumes_table(['=HYPERLINK("http://x")', "-2"], {'=HYPERLINK("http://x")': record}).decode()
    first, second = csv.DictReader(io.StringIO(table, newline=""))
    assert first["study"] == '\'=HYPERLINK("http://x")' and second["study"] == "-2"
    assert first["WT_ml"] == "-1.5" and first["model"] == "'@model"
    assert first["error"].startswith("'+A1") and "\x1b" not in table


def test_names_that_are_no_text_are_shown_as_python_writes_them() -> None:
    table = volumes_table([os.fsdecode(b"caf\xe9")], {})
    assert b"\ncaf\\udce9,waiting," in table
