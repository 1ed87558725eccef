"""One bad study, or one damaged file of a batch's own, never stops the others, on any resume."""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from engine.batch.made_studies import make_studies, make_study
from engine.batch.runs import leftovers, records, run
from humor.batch.state import OWN_FILES, RECORDS, STATE_FOLDER, VOLUMES
from humor.batch.study_folders import find_studies
from humor.errors import UserFileError
from humor.output.names import LABEL_MAP, REPORT, SEGMENTS

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names and links")
ODD = os.fsdecode(b"caf\xe9")


@pytest.fixture(scope="module")
def studies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_studies(tmp_path_factory.mktemp("hostile") / "in", 3)


@pytest.fixture(scope="module")
def finished(studies: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("hostile") / "out"
    assert len(run(studies, out).done) == 3
    return out


@pytest.fixture
def out(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "out"))


def without(key: str) -> Callable[[Path], None]:
    def damage(out: Path) -> None:
        facts = json.loads((out / "s01" / REPORT).read_text())
        del facts[key]
        (out / "s01" / REPORT).write_text(json.dumps(facts))

    return damage


def text(name: str, content: bytes) -> Callable[[Path], object]:
    return lambda out: (out / name).write_bytes(content)


DAMAGED_REPORTS: dict[str, Callable[[Path], object]] = {
    **{f"no {key}": without(key) for key in ("volumes_ml", "labels_ml", "outputs", "model", "inputs")},
    "half a report": lambda out: os.truncate(out / "s01" / REPORT, 300),
    "a deep report": text(f"s01/{REPORT}", b"[" * 100_000),
    "a report that is a list": text(f"s01/{REPORT}", b"[1, 2]"),
    "a report that is no text": text(f"s01/{REPORT}", b"\xff\xfe\x00"),
    "half a label map": lambda out: os.truncate(out / "s01" / LABEL_MAP, 100),
    "a corrected label map": text(f"s01/{LABEL_MAP}", b"corrected"),
}


@pytest.mark.parametrize("damage", DAMAGED_REPORTS.values(), ids=DAMAGED_REPORTS.keys())
def test_a_damaged_or_corrected_result_is_kept_and_told_and_the_others_go_on(
    studies: Path, out: Path, damage: Callable[[Path], object]
) -> None:
    damage(out)
    shutil.rmtree(out / "s02")
    before = {path: path.read_bytes() for path in (out / "s01").rglob("*") if path.is_file()}
    summary = run(studies, out)
    assert summary.done == ["s02"] and summary.skipped == 1 and list(summary.failed) == ["s01"]
    assert "move them away" in summary.failed["s01"]
    assert {path: path.read_bytes() for path in (out / "s01").rglob("*") if path.is_file()} == before
    assert records(out)[-2]["error"]["type"] == "UserFileError" or records(out)[-1]["error"]
    assert not leftovers(out)


def test_an_emptied_label_map_is_made_again(studies: Path, out: Path) -> None:
    whole = (out / "s01" / LABEL_MAP).read_bytes()
    (out / "s01" / LABEL_MAP).write_bytes(b"")
    assert run(studies, out).done == ["s01"]
    assert (out / "s01" / LABEL_MAP).read_bytes() == whole


DAMAGED_STATE: dict[str, Callable[[Path], object]] = {
    "no run stamps": lambda out: shutil.rmtree(out / STATE_FOLDER),
    "a deep run stamp": text(f"{STATE_FOLDER}/s01.json", b"[" * 100_000),
    "a run stamp of odd types": text(
        f"{STATE_FOLDER}/s01.json", b'{"inputs": {"t1": 1}, "model": [], "options": 3, "replaces": {}}'
    ),
    "a lock with content": text(f"{STATE_FOLDER}/lock", b"what?"),
    "hashes that are none": text(f"{STATE_FOLDER}/{OWN_FILES}", b"\x00\x01"),
    "records that are none": text(
        RECORDS, b'\xff\n{"study": "s01"}\n[]\n{"study": "s01", "status": "done"}\n{'
    ),
    "records of huge numbers": text(RECORDS, b'{"study": "s01", "seconds": ' + b"9" * 5000 + b"}\n"),
    "no records": lambda out: (out / RECORDS).unlink(),
    "no table": lambda out: (out / VOLUMES).unlink(),
    "a journal of a killed run": text("s01/.humor.lock", b""),
}


@pytest.mark.parametrize("damage", DAMAGED_STATE.values(), ids=DAMAGED_STATE.keys())
def test_damaged_state_stops_nothing(studies: Path, out: Path, damage: Callable[[Path], object]) -> None:
    damage(out)
    shutil.rmtree(out / "s02")
    summary = run(studies, out)
    assert "s02" in summary.done and not summary.failed
    assert run(studies, out).skipped == 3


def test_a_run_stamp_that_cannot_be_written_fails_its_study_alone(studies: Path, out: Path) -> None:
    for name in ("s01", "s02"):
        shutil.rmtree(out / name)
    (out / STATE_FOLDER / "s01.json").unlink()
    (out / STATE_FOLDER / "s01.json").mkdir()
    summary = run(studies, out)
    assert summary.done == ["s02"] and list(summary.failed) == ["s01"]


def test_random_damage_stops_nothing(studies: Path, finished: Path, tmp_path: Path) -> None:
    """Bytes of any file of state or report are changed, cut out or added; the last study is always done."""
    chance = random.Random(0)
    names = [f"s01/{REPORT}", RECORDS, f"{STATE_FOLDER}/s01.json", f"{STATE_FOLDER}/{OWN_FILES}"]
    for number in range(12):
        out = Path(shutil.copytree(finished, tmp_path / f"out{number}"))
        shutil.rmtree(out / "s02")
        name = names[number % len(names)]
        data = bytearray((out / name).read_bytes())
        for _ in range(chance.randint(1, 5)):
            at = chance.randrange(len(data))
            data[at : at + chance.randint(0, 40)] = chance.randbytes(chance.randint(0, 20))
        (out / name).write_bytes(data)
        summary = run(studies, out)
        assert "s02" in summary.done and not {"s00", "s02"} & set(summary.failed), name


def test_odd_names_and_folders_fail_alone(tmp_path: Path) -> None:
    root, out = tmp_path / "in", tmp_path / "out"
    make_study(root / "good", 0)
    make_study(root / ODD, 1)
    make_study(root / " spaced", 2)
    make_study(root / "line\nbreak", 3)
    (root / "empty").mkdir()
    for one, other in (("x", "y"), ("y", "x")):
        (root / one).mkdir()
        (root / one / "link").symlink_to(root / other, target_is_directory=True)
    (root / "circle").symlink_to(root / "circle")
    summary = run(root, out)
    assert summary.done == ["good"]
    assert set(summary.failed) == {"caf\\xe9", " spaced", "line\nbreak", "empty", "x", "y"}
    assert run(root, out).skipped == 1
    assert {"caf\\xe9", "good"} <= {record["study"] for record in records(out)}


def test_images_whose_names_are_no_text_are_segmented(tmp_path: Path) -> None:
    study = make_study(tmp_path / "in" / "s", 0)
    (study / "t1c.nii.gz").rename(study / f"t1c_{ODD}.nii.gz")
    summary = run(tmp_path / "in", tmp_path / "out")
    assert summary.done == ["s"]
    (record,) = records(tmp_path / "out")
    assert record["inputs"]["t1c"]["path"].endswith(f"t1c_{ODD}.nii.gz")
    assert run(tmp_path / "in", tmp_path / "out").skipped == 1


def test_folders_that_may_not_be_read_fail_alone() -> None:
    """Root may read everything, so that it becomes nobody for a moment."""
    closed = ("locked", "deep/locked", "bids/ses-1/anat", "each/t1", "points/T1")
    with TemporaryDirectory() as place:
        os.chmod(place, 0o755)
        root = make_studies(Path(place) / "in", 1)
        for name in (*closed, "deep/er", "bids/ses-2/anat", "points/T2"):
            (root / name).mkdir(parents=True)
        for name in ("deep/er/s", "bids/ses-2/anat", "points/T2"):
            shutil.copytree(root / "s00", root / name, dirs_exist_ok=True)
        for name in ("t2", "flair"):
            (root / "each" / name).mkdir()
            shutil.copy(next((root / "s00").iterdir()), root / "each" / name / "image.nii.gz")
        for name in closed:
            (root / name).chmod(0)
        before = os.geteuid()
        os.seteuid(before or 65534)
        try:
            studies = {study.id: study for study in find_studies(root, root / "out")}
        finally:
            os.seteuid(before)
            for name in closed:
                (root / name).chmod(0o755)
    lost = {"locked", "deep_locked", "bids_ses-1", "each", "points_T1"}
    assert set(studies) == {"s00", "deep_er_s", "bids_ses-2", "points_T2", *lost}
    assert {name for name, study in studies.items() if study.problem} == lost
    for name in lost:
        assert "ermission" in studies[name].problem
    assert "t1 says that it is T1, but it is a folder" in studies["each"].problem


def test_results_behind_a_link_are_not_written(studies: Path, tmp_path: Path) -> None:
    out, theirs = tmp_path / "out", tmp_path / "theirs"
    out.mkdir()
    theirs.mkdir()
    (out / "s01").symlink_to(theirs, target_is_directory=True)
    summary = run(studies, out)
    assert summary.done == ["s00", "s02"] and "link" in summary.failed["s01"]
    assert not list(theirs.iterdir())


def test_results_that_an_expert_has_there_are_kept(studies: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (out / "s01").mkdir(parents=True)
    (out / "s01" / SEGMENTS).write_text("an expert's")
    summary = run(studies, out)
    assert summary.done == ["s00", "s02"] and SEGMENTS in summary.failed["s01"]
    assert [path.name for path in (out / "s01").iterdir()] == [SEGMENTS]
    assert len([record for record in records(out) if record["study"] == "s01"]) == 1  # not tried again


def test_inputs_among_the_results_are_kept(tmp_path: Path) -> None:
    """A table may name files in the very folder of results."""
    out = tmp_path / "out"
    study = make_study(out / "s", 0)
    (study / "flair.nii.gz").rename(study / "probabilities.nii.gz")
    before = {path.name: path.read_bytes() for path in study.iterdir()}
    table = tmp_path / "studies.csv"
    table.write_text(f"study,flair\ns,{study / 'probabilities.nii.gz'}\n")
    summary = run(table, out)
    assert "this input lies in the output folder" in summary.failed["s"]
    assert {path.name: path.read_bytes() for path in study.iterdir()} == before


def test_the_list_of_studies_is_not_taken_for_the_table(studies: Path, tmp_path: Path) -> None:
    """``humor batch OUT/volumes.csv --output OUT``."""
    (tmp_path / "out").mkdir()
    table = tmp_path / "out" / VOLUMES
    table.write_text(f"study,t1\ns,{studies / 's00' / 't1.nii.gz'}\n")
    before = table.read_bytes()
    with pytest.raises(UserFileError, match="never overwritten"):
        run(table, tmp_path / "out")
    assert table.read_bytes() == before
