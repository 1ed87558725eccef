"""The whole chain on generated patients: fit teacher and student, fit gate heads, export, evaluate."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from humor.bundle.load import load_bundle
from humor.inference.segmenter import Segmenter
from humor.sequences import subset_name, subsets
from humor.study.case_building import build_case
from humor.study.study import load_study
from humor_training.cli import main
from humor_training.data.packing import study_files

NUMBERS = {"dim": 24, "mlp": 48, "depth": 4, "heads": 3, "feature_size": 4}


def write_recipe(path: Path, name: str) -> Path:
    data = {
        "network": {"name": name, **NUMBERS},
        "stages": [{"steps": 4, "window": [32, 32, 32], "batch": 1}],
        "held_out": 1,
        "check_every": 4,
        "balance": 0.1,
    }
    path.write_text(yaml.safe_dump(data))
    return path


@pytest.fixture(scope="module")
def runs(studies: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    for kind in ("teacher", "student"):
        name = "humor_teacher" if kind == "teacher" else "humor_student_pyramid"
        recipe = write_recipe(folder / f"{kind}.yaml", name)
        assert main(["fit", str(recipe), "--data", str(studies), "--run", str(folder / kind)]) == 0
    return folder


@pytest.fixture(scope="module")
def one_patient(studies: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("one") / "validation"
    shutil.copytree(studies / "patient0", folder / "patient0")
    return folder


def test_a_student_without_fitted_heads_is_shipped_without_routing(
    runs: Path, studies: Path, tmp_path: Path
) -> None:
    arguments = ["--data", str(studies), "--run", str(runs / "student"), "--title", "Test"]
    assert main(["export", str(tmp_path / "bare"), *arguments]) == 0
    case = build_case(load_study(study_files(studies / "patient0")))
    assert Segmenter(load_bundle(tmp_path / "bare"), device="cpu").run(case).routing.gates == []


def test_from_recipes_to_a_bundle_with_its_table(
    runs: Path, studies: Path, one_patient: Path, tmp_path: Path
) -> None:
    common = ["--data", str(studies), "--run", str(runs / "student")]
    assert main(["gates", str(runs / "teacher"), *common, "--steps", "5"]) == 0
    target = tmp_path / "my-student"
    assert main(["export", str(target), *common, "--title", "Test", "--evaluate", str(one_patient)]) == 0
    bundle = load_bundle(target)
    bundle.verify()
    assert bundle.manifest.training["gate_heads"]["steps"] == 5
    table = bundle.manifest.validation["validation"]
    assert set(table) == {subset_name(names) for names in subsets()}
    assert "T1c + FLAIR" in (target / "README.md").read_text()
    case = build_case(load_study(study_files(studies / "patient2")))
    routing = Segmenter(bundle, device="cpu").run(case).routing
    assert len(routing.gates) == 4 and routing.source == "distilled"
    (runs / "student" / "gate_heads.pt").unlink()


def test_evaluating_prints_a_row_for_each_subset(
    runs: Path, studies: Path, one_patient: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--data", str(studies), "--run", str(runs / "student"), "--title", "Test"]
    assert main(["export", str(tmp_path / "again"), *arguments]) == 0
    capsys.readouterr()
    csv = tmp_path / "scores.csv"
    assert main(["evaluate", str(tmp_path / "again"), str(one_patient), "--csv", str(csv)]) == 0
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| ")]
    assert len(rows) == 1 + 15
    assert len(csv.read_text().splitlines()) == 1 + 3 * 15


def test_a_run_that_was_never_trained_is_an_error_with_a_remedy(
    studies: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--data", str(studies), "--run", str(tmp_path), "--title", "Test"]
    assert main(["export", str(tmp_path / "x"), *arguments]) == 1
    assert "Train first" in capsys.readouterr().err
