"""Cross-validation of a tiny network on generated patients."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
import yaml

from humor_training.checkpoints import CHECKPOINT
from humor_training.checkpoints.run_folder import read_origin
from humor_training.cli import main

NUMBERS = {"dim": 24, "mlp": 48, "depth": 4, "heads": 3, "feature_size": 4}


@pytest.fixture(scope="module")
def words(studies: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("folds")
    stage = {"steps": 1, "window": [32, 32, 32], "batch": 1}
    recipe = {"network": {"name": "humor_student_pyramid", **NUMBERS}, "stages": [stage]}
    (folder / "tiny.yaml").write_text(yaml.safe_dump(recipe))
    run = ["--data", studies, "--run", folder / "run", "--device", "cpu", "--folds", "3"]
    return [str(word) for word in ["crossvalidate", folder / "tiny.yaml", *run, "--metrics", "dice"]]


def folder_of(words: list[str]) -> Path:
    return Path(words[words.index("--run") + 1])


def rows_of(folder: Path) -> list[dict[str, str]]:
    with open(folder / "scores.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_case_is_measured_once_by_a_network_that_has_not_seen_it(words: list[str]) -> None:
    assert main([*words, "--subsets", "full"]) == 0
    folder = folder_of(words)
    held = [name for fold in range(3) for name in read_origin(folder / f"fold{fold}")["held_out"]]
    assert sorted(held) == ["patient0", "patient1", "patient2"]
    for fold in range(3):
        origin = read_origin(folder / f"fold{fold}")
        assert not set(origin["held_out"]) & set(origin["learned_from"])
    rows = rows_of(folder)
    assert sorted((row["study"], row["region"]) for row in rows) == [
        (f"patient{number}", region) for number in range(3) for region in ("ET", "TC", "WT")
    ]
    assert {row["subset"] for row in rows} == {"t1+t1c+t2+flair", "t1c+t2+flair"}
    assert (folder / "scores.md").exists()


def test_a_second_call_trains_nothing_again_and_measures_what_is_asked_for(words: list[str]) -> None:
    folder = folder_of(words)
    before = {fold: (folder / f"fold{fold}" / CHECKPOINT).stat().st_mtime_ns for fold in range(3)}
    assert main([*words, "--subsets", "all"]) == 0
    assert {fold: (folder / f"fold{fold}" / CHECKPOINT).stat().st_mtime_ns for fold in range(3)} == before
    assert len(rows_of(folder)) == 3 * (15 + 15 + 7)


def test_an_unknown_measure_is_refused_before_anything_is_trained(words: list[str], tmp_path: Path) -> None:
    changed = [str(tmp_path / "other") if word == str(folder_of(words)) else word for word in words]
    assert main([*changed[:-1], "dyce"]) == 2
    assert not (tmp_path / "other").exists()
