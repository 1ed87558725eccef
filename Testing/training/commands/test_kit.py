"""A kit for a lent machine: what goes into it, what stays, and a training with it that goes on elsewhere."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

from humor_training.checkpoints import CHECKPOINT, RECIPE
from humor_training.checkpoints.run_folder import read_run
from humor_training.cli import main
from humor_training.data.packing import load_packed

NETWORK = {"dim": 24, "mlp": 48, "depth": 4, "heads": 3, "feature_size": 4}
LABEL_MAPS = Path(__file__).resolve().parents[4] / "shared" / "data" / "label_maps" / "brats20_128.npz"


def recipe(path: Path, **changes: Any) -> Path:
    data = {
        "network": {"name": "humor_student_pyramid", **NETWORK},
        "stages": [{"steps": 100000, "window": [32, 32, 32], "batch": 1}],
        "warmup": 2,
        "precision": "fp32",
        "held_out": 1,
        "check_every": 100000,
        "save_every": 1000,
    }
    path.write_text(yaml.safe_dump(data | changes))
    return path


def built(tmp_path: Path, studies: Path, *more: str, **changes: Any) -> Path:
    words = ["kit", str(recipe(tmp_path / "small.yaml", **changes)), str(tmp_path / "kit")]
    words += ["--data", str(studies), "--cache", str(tmp_path / "cache"), "--hold", "patient1", "--no-wheels"]
    assert main([*words, *more]) == 0
    return tmp_path / "kit"


def test_a_kit_holds_code_and_cases_but_no_held_out_patient(
    tmp_path: Path, studies: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kit = built(tmp_path, studies)
    assert {path.name for path in kit.iterdir()} == {"cases", "code", "recipe.yaml", "run", "start.sh"}
    assert [case.name for case in load_packed(kit / "cases", tmp_path)] == ["patient0", "patient2"]
    assert not any(b"patient1" in path.read_bytes() for path in (kit / "cases").iterdir())
    assert yaml.safe_load((kit / RECIPE).read_text())["held_out"] == 0
    assert not any("__pycache__" in str(path) for path in kit.rglob("*"))
    assert "1 held out stay here" in capsys.readouterr().out


def test_a_kit_that_would_be_too_large_leaves_nothing(
    tmp_path: Path, studies: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(AssertionError):
        built(tmp_path, studies, "--megabytes", "1.5")
    assert "more than 1.5 MiB (" in (said := capsys.readouterr().err)
    assert "cases" in said and "code" in said
    assert not (tmp_path / "kit").exists()


@pytest.mark.skipif(not LABEL_MAPS.is_file(), reason="needs the label maps beside the repository")
def test_shapes_travel_too(tmp_path: Path, studies: Path) -> None:
    kit = built(tmp_path, studies, augmentation={"painted": 0.5, "shapes": str(LABEL_MAPS)})
    assert yaml.safe_load((kit / RECIPE).read_text())["augmentation"]["shapes"] == "label_maps.npz"
    with np.load(kit / "label_maps.npz") as kept, np.load(LABEL_MAPS) as all_:
        assert set(kept["ids"]) <= set(all_["ids"])
        assert len(kept["seg"]) == len(kept["ids"]) > 300


def test_a_folder_that_is_there_is_not_touched(
    tmp_path: Path, studies: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "kit").mkdir()
    (tmp_path / "kit" / "thesis.txt").write_text("mine")
    with pytest.raises(AssertionError):
        built(tmp_path, studies)
    assert "is there already" in capsys.readouterr().err
    assert (tmp_path / "kit" / "thesis.txt").read_text() == "mine"


@pytest.mark.heavy
def test_a_kit_trains_for_its_minutes_and_goes_on_in_another_place(tmp_path: Path, studies: Path) -> None:
    kit = built(tmp_path, studies)
    first = run_kit(kit, "0.2", "2", tmp_path / "first")
    steps, planned = counted(tmp_path / "first", tmp_path / "a")
    assert 0 < steps < planned
    assert f"{planned} steps fit into 2 minutes." in first
    # Another machine: a fresh kit, and what came back.
    shutil.rmtree(kit / "run")
    shutil.copytree(tmp_path / "first", kit / "run")
    second = run_kit(kit, "0.2", "2", tmp_path / "second")
    later, same = counted(tmp_path / "second", tmp_path / "b")
    assert f"continuing from step {steps} of {planned}" in second
    assert later > steps and same == planned


def run_kit(kit: Path, minutes: str, of_all: str, out: Path) -> str:
    """In an environment that knows nothing of the checkout, but for the libraries."""
    wanted = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        [str(kit / "start.sh"), minutes, of_all, str(out)],
        env={**wanted, "PYTHON": sys.executable, "DEVICE": "cpu"},
        capture_output=True,
        text=True,
        timeout=400,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert all(path.stat().st_size < 16_000_000 for path in out.iterdir())
    return done.stdout


def counted(out: Path, copy: Path) -> tuple[int, int]:
    """Steps done, and planned, of what a kit left."""
    from humor_training.checkpoints.shards import join_shards

    shutil.copytree(out, copy)
    join_shards(copy)
    found, state = read_run(copy)
    assert torch.isfinite(torch.cat([value.flatten() for value in state["network"].values()])).all()
    assert (copy / CHECKPOINT).exists()
    return state["step"], found.steps
