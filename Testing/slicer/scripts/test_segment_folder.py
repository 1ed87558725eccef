from __future__ import annotations

import csv
import json
import shutil
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
from scripts.folder_script import REPOSITORY, module, run, start

from humor.errors import UsageError

SAMPLE = REPOSITORY / "HUMoRSegment" / "Resources" / "Sample"


@pytest.fixture(scope="module")
def studies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two studies that can be segmented and, between them, one that cannot."""
    root = tmp_path_factory.mktemp("studies")
    for name, files in {"all": ("t1", "t1c", "t2", "flair"), "one": ("t1c",)}.items():
        (root / name).mkdir()
        for file in files:
            shutil.copy(SAMPLE / f"{file}.nii.gz", root / name)
    (root / "broken").mkdir()
    (root / "broken" / "t1c.nii.gz").write_bytes((SAMPLE / "t1c.nii.gz").read_bytes()[:5000])
    return root


@pytest.fixture(scope="module")
def first_run(studies: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int, str]:
    output = tmp_path_factory.mktemp("results") / "out"
    return (output, *run(studies, output, "--device", "cpu", "--mirror", "--label-map"))


def records(output: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (output / "records.jsonl").read_text().splitlines()]


def test_studies_become_scenes_and_a_failure_stops_nothing(first_run: tuple[Path, int, str]) -> None:
    output, code, text = first_run
    assert code == 1, text
    assert "Failed: broken" in text and "2 of 3 studies are done" in text
    assert {path.name for path in output.iterdir()} == {
        "all",
        "all.mrb",
        "one",
        "one.mrb",
        "records.jsonl",
        "volumes.csv",
        ".humor.batch",
    }
    by_study = {record["study"]: record for record in records(output)}
    assert {name: record["status"] for name, record in by_study.items()} == {
        "all": "done",
        "broken": "failed",
        "one": "done",
    }
    assert "t1c.nii.gz" in by_study["broken"]["error"]["message"]
    assert sorted(by_study["all"]["inputs"]) == ["flair", "t1", "t1c", "t2"]
    assert by_study["all"]["model"] == "humor-student" and "mirrored" in by_study["all"]["device"]


def test_the_table_has_the_volumes_of_what_is_done(first_run: tuple[Path, int, str]) -> None:
    with open(first_run[0] / "volumes.csv", encoding="utf-8", newline="") as file:
        rows = {row["study"]: row for row in csv.DictReader(file)}
    assert {name: row["status"] for name, row in rows.items()} == {
        "all": "done",
        "broken": "failed",
        "one": "done",
    }
    row = rows["all"]
    assert float(row["WT_ml"]) > float(row["TC_ml"]) > float(row["ET_ml"]) > 0
    assert row["sequences"] == "t1 t1c t2 flair"


def test_a_scene_comes_back_with_its_segmentation_and_volumes(
    first_run: tuple[Path, int, str], scene: Any
) -> None:
    import slicer

    from HUMoRSegmentLib.result import SceneResult

    assert zipfile.is_zipfile(first_run[0] / "all.mrb")
    slicer.util.loadScene(str(first_run[0] / "all.mrb"))
    (segmentation,) = slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
    names = {node.GetName() for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")}
    assert {"all T1", "all T1c", "all T2", "all FLAIR"} <= names
    result = SceneResult.of(segmentation)
    recorded = next(record for record in records(first_run[0]) if record["study"] == "all")
    for region, ml in recorded["volumes_ml"].items():
        assert result.volumes_ml[region] == pytest.approx(ml, abs=1e-3)
    assert result.label_map is not None and result.gates


def test_what_is_done_is_skipped_and_what_failed_is_tried_again(
    first_run: tuple[Path, int, str], studies: Path, tmp_path: Path
) -> None:
    output = tmp_path / "out"
    shutil.copytree(first_run[0], output)
    before = (output / "all.mrb").stat().st_mtime_ns
    code, text = run(studies, output, "--device", "cpu", "--mirror", "--label-map")
    assert code == 1
    assert "all: done before" in text and "one: done before" in text and "broken: failed" in text
    assert (output / "all.mrb").stat().st_mtime_ns == before
    assert len(records(output)) == 4


def test_other_nodes_in_the_scene_need_no_new_segmentation(
    first_run: tuple[Path, int, str], studies: Path, tmp_path: Path
) -> None:
    output = tmp_path / "out"
    shutil.copytree(first_run[0], output)
    before = {path.name: path.stat().st_mtime_ns for path in (output / "one.mrb", output / "all.mrb")}
    written = len(records(output))
    table = tmp_path / "one.csv"
    table.write_text(f"study,t1c\none,{studies / 'one' / 't1c.nii.gz'}\n")
    code, text = run(table, output, "--device", "cpu", "--mirror")
    assert code == 0, text
    assert "one: done before" in text and len(records(output)) == written
    assert (output / "one.mrb").stat().st_mtime_ns > before["one.mrb"]
    assert (output / "all.mrb").stat().st_mtime_ns == before["all.mrb"]


def test_a_killed_run_is_taken_up_where_it_stopped(studies: Path, tmp_path: Path) -> None:
    source, output = tmp_path / "studies", tmp_path / "out"
    for name in ("first", "second"):
        shutil.copytree(studies / "one", source / name)
    process = start(source, output, "--device", "cpu")
    assert process.stdout is not None
    line = process.stdout.readline()
    while line and "first: WT" not in line:
        line = process.stdout.readline()
    process.kill()
    process.wait()
    code, text = run(source, output, "--device", "cpu")
    while "another batch is writing" in text:  # the killed one's own processes notice within seconds
        time.sleep(0.5)
        code, text = run(source, output, "--device", "cpu")
    assert code == 0, text
    assert "first: done before" in text and "second: " in text
    assert {record["study"] for record in records(output)} == {"first", "second"}
    assert {path.name for path in output.iterdir() if path.suffix in (".mrb", "")} == {
        *("first", "first.mrb", "second", "second.mrb")
    }


def test_a_scene_that_the_user_has_corrected_is_kept(
    first_run: tuple[Path, int, str], studies: Path, tmp_path: Path
) -> None:
    output = tmp_path / "out"
    shutil.copytree(first_run[0], output)
    (output / "one.mrb").write_bytes(b"corrected in Slicer")
    (output / ".partial").mkdir()
    (output / ".partial" / "mine.txt").write_text("mine")
    source = tmp_path / "studies"
    shutil.copytree(studies / "one", source / "one")
    code, text = run(source, output, "--device", "cpu", "--again")
    assert code == 1 and "one.mrb" in text and "never overwritten" in text
    assert (output / "one.mrb").read_bytes() == b"corrected in Slicer"
    assert (output / ".partial" / "mine.txt").is_file()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "the following arguments are required"),
        (["NOWHERE", "OUT"], "does not exist"),
        (["STUDIES", "OUT", "--model", "no-such-model"], "no-such-model"),
        (["STUDIES", "OUT", "--reference", "t3"], "invalid choice"),
        (["STUDIES", "OUT", "--time-limit", "soon"], "whole number"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_why(
    studies: Path, tmp_path: Path, arguments: list[str], words: str
) -> None:
    places = {"STUDIES": studies, "NOWHERE": tmp_path / "nowhere", "OUT": tmp_path / "out"}
    code, text = run(*(places.get(word, word) for word in arguments))
    assert code == 2, text
    assert words in text and "Traceback" not in text


def test_results_that_cannot_be_written_end_the_batch_with_its_reason(studies: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    code, text = run(studies, tmp_path / "file", "--device", "cpu")
    assert code == 1 and f"Error: {tmp_path / 'file'}" in text and "Traceback" not in text
    assert (tmp_path / "file").read_text() == "mine"


def test_studies_can_be_listed_in_a_table(studies: Path, tmp_path: Path) -> None:
    table = tmp_path / "studies.csv"
    table.write_text(f"study,flair\nlisted,{studies / 'all' / 'flair.nii.gz'}\n")
    code, text = run(table, tmp_path / "out", "--device", "cpu")
    assert code == 0, text
    assert (tmp_path / "out" / "listed.mrb").is_file()
    assert list(records(tmp_path / "out")[0]["inputs"]) == ["flair"]


def test_missing_packages_are_installed_only_when_that_was_asked_for() -> None:
    script, installed = module("segment_folder"), []

    class Logic:
        def missing_packages(self, model: str, device: str) -> list[str]:
            return ["openvino>=2024.4"]

        def install(self, model: str, device: str) -> None:
            installed.append((model, device))

    options = script.Options(model="m", device="cpu")
    with pytest.raises(UsageError, match=r"openvino.*(?s:.*)--install"):
        script._prepare(Logic(), options, False)
    assert installed == []
    script._prepare(Logic(), options, True)
    assert installed == [("m", "cpu")]


def test_help_is_shown_and_nothing_is_done() -> None:
    code, text = run("--help")
    assert code == 0 and "--label-map" in text
