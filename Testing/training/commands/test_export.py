"""Fit, gate heads, bundles with their tables, on generated patients."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from humor.bundle.bundle import load_bundle
from humor.inference.segmenter import Segmenter
from humor.regions import REGION_KEYS
from humor.sequences import subset_name, subsets
from humor.study.case_building import build_case
from humor.study.study import load_study
from humor_training.cli import main
from humor_training.data.layouts.folders import study_files

NUMBERS = {"dim": 24, "mlp": 48, "depth": 4, "heads": 3, "feature_size": 4}


def fit(run: Path, studies: Path, **network: Any) -> None:
    recipe = run.with_suffix(".yaml")
    stage = {"steps": 4, "window": [32, 32, 32], "batch": 1}
    data = {"network": {**NUMBERS, **network}, "stages": [stage], "held_out": 1, "check_every": 4}
    recipe.write_text(yaml.safe_dump(data))
    words = ["fit", recipe, "--data", studies, "--cache", run.parent / "cache", "--run", run]
    assert main([*map(str, words), "--device", "cpu"]) == 0


@pytest.fixture(scope="module")
def runs(studies: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    fit(folder / "teacher", studies, name="humor_teacher_pyramid")
    fit(folder / "student", studies, name="humor_student_pyramid")
    return folder


@pytest.fixture
def one_patient(studies: Path, tmp_path: Path) -> Path:
    shutil.copytree(studies / "patient0", tmp_path / "validation" / "patient0")
    return tmp_path / "validation"


def export(run: Path, bundle: Path, *more: object) -> None:
    words = ["export", bundle, "--run", run, "--title", "Test", *more]
    assert main([str(word) for word in words]) == 0


def test_a_student_without_fitted_heads_is_shipped_without_routing(
    runs: Path, studies: Path, tmp_path: Path
) -> None:
    export(runs / "student", tmp_path / "bare")
    case = build_case(load_study(study_files(studies / "patient0")))
    assert Segmenter(load_bundle(tmp_path / "bare"), device="cpu").run(case).routing.gates == []


def test_fitted_heads_and_measured_dice_are_in_the_bundle(
    runs: Path, studies: Path, one_patient: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "student"
    shutil.copytree(runs / "student", copy)
    words = ["gates", runs / "teacher", "--data", studies, "--cache", runs / "cache", "--run", copy]
    assert main([*map(str, words), "--steps", "5", "--device", "cpu"]) == 0
    bundle = tmp_path / "my-student"
    export(copy, bundle, "--cite", "brats", "--data-words", "made-up patients", "--evaluate", one_patient)
    loaded = load_bundle(bundle)
    loaded.verify()
    assert loaded.manifest.training["gate_heads"]["steps"] == 5
    assert loaded.manifest.training["data"] == "made-up patients"
    assert set(loaded.manifest.validation["validation"]) == {subset_name(names) for names in subsets()}
    card = (bundle / "README.md").read_text()
    assert "T1c + FLAIR" in card and "Menze et al. 2015" in card
    routing = (
        Segmenter(loaded, device="cpu").run(build_case(load_study(study_files(studies / "patient2")))).routing
    )
    assert len(routing.gates) == 4 and routing.source == "distilled"


def test_a_teacher_is_called_one_without_being_told(runs: Path, studies: Path, tmp_path: Path) -> None:
    """The kind is the network's, and so is what is said about its gates: nothing of it was distilled."""
    export(runs / "teacher", tmp_path / "bundle")
    bundle = load_bundle(tmp_path / "bundle")
    assert bundle.manifest.kind == "teacher"
    case = build_case(load_study(study_files(studies / "patient0")))
    assert Segmenter(bundle, device="cpu").run(case).routing.source == "learned"


def test_thresholds_are_chosen_on_held_out_cases_and_used_from_then_on(
    runs: Path, studies: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "student"
    shutil.copytree(runs / "student", copy)
    words = ["thresholds", "--data", studies, "--cache", runs / "cache", "--run", copy, "--device", "cpu"]
    assert main([*map(str, words)]) == 0
    facts = json.loads((copy / "thresholds.json").read_text())
    # A network of four steps is nowhere near calibrated.
    assert facts["thresholds"] != dict.fromkeys(REGION_KEYS, 0.5)
    assert sum(facts["mean_dice"].values()) > sum(facts["mean_dice_at_0.5"].values())
    export(copy, tmp_path / "bundle")
    manifest = load_bundle(tmp_path / "bundle").manifest
    assert manifest.thresholds == facts["thresholds"]
    held_out = json.loads((copy / "origin.json").read_text())["held_out"]
    assert manifest.training["thresholds"]["chosen_on"] == held_out
    words = ["evaluate", copy, studies, "--grid", "crop", "--cache", runs / "cache", "--studies", *held_out]
    words += ["--metrics", "dice", "--output", tmp_path / "scores", "--precision", "fp32", "--device", "cpu"]
    assert main([*map(str, words)]) == 0
    with (tmp_path / "scores" / "scores.csv").open() as table:
        found = [float(row["dice"]) for row in csv.DictReader(table) if row["region"] == "ET"]
    assert sum(found) / len(found) == pytest.approx(facts["mean_dice"]["ET"], abs=1e-3)


def test_thresholds_are_not_chosen_on_what_was_learned_from(
    runs: Path, studies: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "student"
    shutil.copytree(runs / "student", copy)
    origin = json.loads((copy / "origin.json").read_text())
    (copy / "origin.json").write_text(json.dumps({**origin, "held_out": []}))
    words = ["thresholds", "--data", studies, "--cache", runs / "cache", "--run", copy, "--device", "cpu"]
    assert main([*map(str, words)]) == 2
    assert "--hold" in capsys.readouterr().err and not (copy / "thresholds.json").exists()


def test_a_teacher_in_eight_bits_is_half_as_large_and_gives_nearly_the_same(
    runs: Path, studies: Path, tmp_path: Path
) -> None:
    export(runs / "teacher", tmp_path / "half", "--kind", "teacher")
    export(runs / "teacher", tmp_path / "eight", "--kind", "teacher", "--eight-bit")
    half, eight = load_bundle(tmp_path / "half"), load_bundle(tmp_path / "eight")
    assert eight.size < half.size
    case = build_case(load_study(study_files(studies / "patient0")))
    one, other = (Segmenter(bundle, "cpu", "fp32").run(case) for bundle in (half, eight))
    assert abs(one.probabilities - other.probabilities).max() < 0.05
    assert one.routing.source == "learned"


def test_a_student_cannot_be_stored_in_eight_bits(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["export", tmp_path / "x", "--run", runs / "student", "--title", "Test", "--eight-bit"]
    assert main([str(word) for word in words]) == 2
    assert "--eight-bit" in capsys.readouterr().err and not (tmp_path / "x").exists()


def test_a_teacher_grows_from_a_student_and_trains_on(runs: Path, studies: Path, tmp_path: Path) -> None:
    recipe = runs / "teacher.yaml"
    data = yaml.safe_load(recipe.read_text())
    wide = {"dim": 48, "mlp": 48, "feature_size": 8}
    path = tmp_path / "grown.yaml"
    path.write_text(yaml.safe_dump({**data, "network": {**data["network"], **wide}}))
    words = ["fit", path, "--upcycle-from", runs / "student", "--data", studies, "--cache", runs / "cache"]
    assert main([*map(str, words), "--run", str(tmp_path / "grown"), "--device", "cpu"]) == 0
    assert "grown_from" in (tmp_path / "grown" / "origin.json").read_text()


def test_a_run_that_was_never_trained_is_an_error_with_a_remedy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", str(tmp_path / "x"), "--run", str(tmp_path), "--title", "Test"]) == 1
    assert "Train first" in capsys.readouterr().err
