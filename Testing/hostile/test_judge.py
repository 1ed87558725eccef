"""Every kind of fault is seen by the judge; each test damages something that was lawful before."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

from hostile.campaign import run_cases
from hostile.case import EITHER, Case, Happened
from hostile.judge import Usual, judge, photograph
from hostile.kinds import find_case
from humor.hashing import sha256_of_file
from humor.output.names import LABEL_MAP, REPORT

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the campaign makes links and pipes")
CASE = Case("kind", "name", lambda place: [], codes=EITHER, warns=("FLAIR",), says=("flair",))
DONE_WELL = Happened(0, "Done\n", "", 0.1)
REFUSED_WELL = Happened(1, "", "humor: flair.nii is damaged. Copy it again.\n", 0.1)
USUAL = Usual(10.0, ("Only 366 ml look like brain, FLAIR.",))


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The user's files, and the results of a run."""
    (tmp_path / "in").mkdir()
    image = nibabel.Nifti1Image(np.ones((4, 5, 6), np.uint8), np.eye(4))
    nibabel.save(image, tmp_path / "in" / "flair.nii")
    (tmp_path / "out").mkdir()
    nibabel.save(image, tmp_path / "out" / LABEL_MAP)
    write_report(tmp_path)
    return tmp_path


def write_report(place: Path, **changes: Any) -> None:
    label_map = place / "out" / LABEL_MAP
    facts = {
        "output_files": {LABEL_MAP: {"sha256": sha256_of_file(label_map)}},
        "grid": {"shape": [4, 5, 6], "affine": np.eye(4).tolist()},
        "inputs": [{"sequence": "flair", "folder": str(place / "in"), "file": "flair.nii"}],
        "sequences": {"reference": "flair"},
        "volumes_ml": {"WT": 10.0},
        "warnings": ["Only 367 ml look like brain, FLAIR."],
    }
    (place / "out" / REPORT).write_text(json.dumps(facts | changes))


def faults(place: Path, happened: Happened, case: Case = CASE, *arguments: str) -> str:
    return "; ".join(judge(case, place, arguments, happened, photograph(place), USUAL))


def test_what_is_lawful(place: Path) -> None:
    assert not faults(place, DONE_WELL)
    assert not faults(place, REFUSED_WELL)
    assert not faults(place, Happened(0, '{"kind": "result"}\n', "", 0.1), CASE, "segment", "--json")


@pytest.mark.parametrize(
    ("happened", "fault"),
    [
        (replace(DONE_WELL, err="Traceback (most recent call last):\n"), "Traceback"),
        (replace(REFUSED_WELL, err="humor: Unexpected failure (KeyError: 'flair')."), "Unexpected failure"),
        (replace(DONE_WELL, code=-11), "crash: signal 11"),
        (replace(DONE_WELL, code=2), "exit code 2"),
        (replace(REFUSED_WELL, err=""), "without a word"),
        (replace(REFUSED_WELL, err="humor: something is wrong.\n"), "does not say 'flair'"),
        (replace(REFUSED_WELL, err="humor: flair\x1b[2J is damaged.\n"), r"prints '\x1b'"),
        (replace(REFUSED_WELL, err="humor: flair\u202e is damaged.\n"), r"prints '\u202e'"),
    ],
)
def test_bad_ends(place: Path, happened: Happened, fault: str) -> None:
    assert fault in faults(place, happened)


@pytest.mark.parametrize("out", ["Done\n", '{"kind": "result"}\nDone\n', "[1]\n", ""])
def test_broken_promises_of_json(place: Path, out: str) -> None:
    assert "JSON" in faults(place, Happened(0, out, "", 0.1), CASE, "segment", "--json")
    assert "JSON" not in faults(place, Happened(0, out, "", 0.1), CASE, "segment", "--", "--json")


Touch = Callable[[Path], object]


@pytest.mark.parametrize(
    "touch",
    [
        lambda place: (place / "in" / "flair.nii").unlink(),
        lambda place: (place / "in" / "flair.nii").write_bytes(b""),
        lambda place: (place / "in").rename(place / "gone"),
    ],
)
def test_a_touched_file_of_the_users(place: Path, touch: Touch) -> None:
    before = photograph(place)
    touch(place)
    assert any("changed: in" in fault for fault in judge(CASE, place, [], REFUSED_WELL, before, USUAL))


def test_a_result_beside_an_error(place: Path) -> None:
    before = photograph(place / "in")
    assert "failed, but wrote" in "; ".join(judge(CASE, place, [], REFUSED_WELL, before, USUAL))


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        (lambda place: (place / "out" / REPORT).write_text("{"), "half-written"),
        (lambda place: (place / "out" / LABEL_MAP).unlink(), "half-written"),
        (lambda place: (place / "out" / LABEL_MAP).write_bytes(b"\x1f\x8b"), "half-written"),
        (lambda place: (place / "out" / REPORT).unlink(), f"done, but there is no {REPORT}"),
        (lambda place: write_report(place, volumes_ml={"WT": 0.0}), "wrong in silence"),
        (lambda place: write_report(place, output_files={LABEL_MAP: {"sha256": "0"}}), "is not what"),
        (lambda place: write_report(place, grid={"shape": [4, 5, 7], "affine": []}), "not on the grid"),
    ],
)
def test_bad_results(place: Path, damage: Touch, fault: str) -> None:
    damage(place)
    assert fault in faults(place, DONE_WELL)


def test_only_a_warning_that_does_not_always_come_excuses_a_result(place: Path) -> None:
    write_report(place, volumes_ml={"WT": 0.0}, warnings=["flair.nii (FLAIR) shows only half."])
    assert not faults(place, DONE_WELL)


def test_results_elsewhere_and_labels_of_nothing(place: Path) -> None:
    moved = nibabel.Nifti1Image(np.full((4, 5, 6), 7, np.uint8), np.diag([1, 1, 2, 1.0]))
    nibabel.save(moved, place / "out" / LABEL_MAP)
    write_report(place)
    assert "not on the grid" in faults(place, DONE_WELL) and "other labels" in faults(place, DONE_WELL)


def test_a_hang_is_seen_and_the_next_case_runs() -> None:
    usual = find_case("options/fine_models")
    told = run_cases([replace(usual, seconds=-1000.0), usual], 1, lambda verdict: None)
    assert [verdict.faults for verdict in told] == [["hang: more than -1000 s"], []]
