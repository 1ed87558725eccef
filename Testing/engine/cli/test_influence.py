from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.cli.stand_in import BrightPlaces
from humor import influence
from humor.cli.influence import table_lines
from humor.cli.main import main
from humor.influence import Effect
from humor.output.names import INFLUENCE as FACTS
from humor.output.names import INFLUENCE_TABLE as TABLE

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for the network; everything else is real."""
    segmenter = BrightPlaces()
    monkeypatch.setattr(influence, "model_of", lambda options: segmenter.model)
    monkeypatch.setattr(influence, "make_segmenter", lambda bundle, options: segmenter)


def lines_of(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_folder_becomes_a_table_on_the_screen_and_two_files(
    stand_in: None, study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["influence", str(study), "--output", str(out)]) == 0
    shown = capsys.readouterr()
    assert all(f"without {name}" in shown.out for name in ("T1 ", "T1c", "T2", "FLAIR"))
    assert str(out) in shown.out and "flair.nii.gz" in shown.err  # the guess of roles is shown
    assert {path.name for path in out.iterdir()} == {FACTS, TABLE}


def test_json_lines_are_all_that_stdout_holds(
    stand_in: None, study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--t1c", str(study / "t1c.nii.gz"), "--flair", str(study / "flair.nii.gz")]
    assert main(["influence", *arguments, "-o", str(tmp_path / "out"), "--json"]) == 0
    events = lines_of(capsys.readouterr().out)
    assert events[-1]["kind"] == "result"
    facts = events[-1]["data"]
    assert facts["output"] == str(tmp_path / "out") and len(facts["effects"]) == 6
    written = json.loads((tmp_path / "out" / FACTS).read_text(encoding="utf-8"))
    assert facts["effects"] == written["effects"]


def test_options_reach_the_run(stand_in: None, study: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert main(["influence", str(study), "-o", str(out), "--reference", "t2", "--quiet"]) == 0
    assert json.loads((out / FACTS).read_text(encoding="utf-8"))["sequences"]["reference"] == "t2"


@pytest.mark.parametrize("arguments", [[], ["-o", "out"], ["--t1", "t1.nii.gz", "-o", "out"]])
def test_less_than_two_sequences_are_wrong_usage(
    arguments: list[str],
    study: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(study)
    placed = [str(tmp_path / "out") if word == "out" else word for word in arguments]
    assert main(["influence", *placed]) == 2
    assert not (tmp_path / "out").exists()
    if "--t1" in arguments:
        assert "at least two" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals between processes")
def test_with_the_real_student_a_signal_ends_the_runs_and_leaves_nothing(
    study: Path, tmp_path: Path, start: Start
) -> None:
    out = tmp_path / "out"
    process = start("-m", "humor", "influence", str(study), "-o", str(out), "--json")
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line).get("stage") == "without_t1":
            break
    process.send_signal(signal.SIGTERM)
    rest, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert lines_of(rest)[-1]["data"]["exit_code"] == 130 and "Traceback" not in errors
    assert not out.exists()


def test_the_real_student_gives_every_sequence_its_numbers(study: Path, tmp_path: Path, start: Start) -> None:
    out = tmp_path / "out"
    process = start("-m", "humor", "influence", str(study), "-o", str(out), "--quiet")
    errors = process.communicate(timeout=120)[1]
    assert process.returncode == 0, errors
    effects = json.loads((out / FACTS).read_text(encoding="utf-8"))["effects"]
    assert len(effects) == 12 and all(0 <= effect["dice"] <= 1 for effect in effects)


def test_the_table_puts_each_number_under_its_heading() -> None:
    effects = [
        Effect(name, region, 85.05, 92.44, 7.39, 0.957) for name in ("t1", "t1c") for region in ("WT", "TC")
    ]
    lines = table_lines(effects)
    assert len(lines) == 4 and lines[1].split() == ["all", "sequences", "85.0", "85.0"]
    assert lines[3].split() == ["without", "T1c", "92.4", "+7.4", "0.96", "92.4", "+7.4", "0.96"]
    ends = [lines[0].index("WT ml") + 5, lines[0].index("Dice") + 4]
    assert [lines[3][:end].split()[-1] for end in ends] == ["92.4", "0.96"]
