"""The whole chain as users type it, each command in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from humor.bundle.bundle import load_bundle
from humor.networks.names import gate_names

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("smoke")
    paths = os.pathsep.join(str(REPOSITORY / name) for name in ("HUMoRSegment", "Training"))
    command = [sys.executable, "-m", "humor_training", "smoke", str(folder)]
    run = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True, timeout=600
    )
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-4000:]
    return folder


def test_the_distilled_student_is_a_whole_bundle_that_names_its_teacher(chain: Path) -> None:
    bundle = load_bundle(chain / "smoke-student")
    bundle.verify()
    training = bundle.manifest.training
    assert training["earlier_runs"][training["teacher"]]["steps_done"] == 16
    assert training["cases_learned_from"] == 3 and len(training["held_out"]) == 1
    assert "teacher" in (bundle.folder / "README.md").read_text()


def test_the_student_shows_its_teachers_gates(chain: Path) -> None:
    routing = json.loads((chain / "segmented" / "routing.json").read_text())
    assert routing["source"] == "distilled"
    assert [gate["name"] for gate in routing["gates"]] == gate_names(4)


def test_both_models_are_measured_and_compared(chain: Path) -> None:
    for name in ("distilled", "control"):
        assert {path.name for path in (chain / "scores" / name).iterdir()} >= {
            "scores.csv",
            "scores.md",
            "dice.png",
        }
    assert "control" in (chain / "comparison" / "comparison.md").read_text()


def test_the_segmentation_is_written(chain: Path) -> None:
    assert (chain / "segmented" / "segmentation.nii.gz").exists()
    assert (chain / "runs" / "teacher" / "report.html").exists()
