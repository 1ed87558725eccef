from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from humor.errors import InputError, UsageError
from humor_training.baselines import build_any
from humor_training.checkpoints.model_soup import average_runs
from humor_training.checkpoints.run_folder import load_model, read_origin
from humor_training.cli import main

NUMBERS = {"dim": 24, "mlp": 48, "depth": 4, "heads": 3, "feature_size": 4}


def make_run(folder: Path, seed: int, learned: list[str], held: list[str], **numbers: Any) -> Path:
    """A folder as ``fit`` leaves it, with random weights."""
    network = {"name": "humor_student_pyramid", **NUMBERS, **numbers}
    torch.manual_seed(seed)
    folder.mkdir()
    stages = [{"steps": 10, "window": [32, 32, 32], "batch": 1}]
    (folder / "recipe.yaml").write_text(yaml.safe_dump({"network": network, "stages": stages}))
    (folder / "origin.json").write_text(json.dumps({"learned_from": learned, "held_out": held}))
    state = {"average": build_any(network).state_dict(), "step": 10, "seconds": 3600.0 * seed}
    torch.save(state, folder / "checkpoint.pt")
    return folder


def test_weights_are_the_mean_and_the_facts_name_all_runs(tmp_path: Path) -> None:
    runs = [make_run(tmp_path / str(seed), seed, ["a", "b"], ["c"]) for seed in (1, 2, 3)]
    assert main(["average", *map(str, runs), "--run", str(tmp_path / "mean")]) == 0
    parts = [load_model(str(run)).network.state_dict() for run in runs]
    found = load_model(str(tmp_path / "mean"))
    for name, value in found.network.state_dict().items():
        expected = torch.stack([part[name] for part in parts]).mean(dim=0)
        torch.testing.assert_close(value, expected)
    assert found.metadata["steps_done"] == 30 and found.metadata["hours"] == 6.0
    assert [run["hours"] for run in found.metadata["averaged"]] == [1.0, 2.0, 3.0]


def test_held_out_is_only_what_no_run_has_learned_from(tmp_path: Path) -> None:
    one = make_run(tmp_path / "one", 1, ["a", "b"], ["c", "d"])
    two = make_run(tmp_path / "two", 2, ["a", "c"], ["b", "d"])
    average_runs([one, two], tmp_path / "mean")
    origin = read_origin(tmp_path / "mean")
    assert origin["held_out"] == ["d"] and origin["learned_from"] == ["a", "b", "c"]


def test_other_networks_and_existing_runs_are_refused_and_nothing_is_written(tmp_path: Path) -> None:
    one = make_run(tmp_path / "one", 1, [], [])
    wide = make_run(tmp_path / "wide", 2, [], [], mlp=96)
    with pytest.raises(InputError, match="wide: another network"):
        average_runs([one, wide], tmp_path / "mean")
    with pytest.raises(UsageError, match="at least two"):
        average_runs([one], tmp_path / "mean")
    with pytest.raises(InputError, match="Train first"):
        average_runs([one, tmp_path / "nothing"], tmp_path / "mean")
    assert not (tmp_path / "mean").exists()
    with pytest.raises(UsageError, match="holds a run already"):
        average_runs([one, one], wide)


def test_whole_numbers_stay_whole(tmp_path: Path) -> None:
    runs = [make_run(tmp_path / str(seed), seed, [], []) for seed in (1, 2, 3)]
    for run in runs:
        state = torch.load(run / "checkpoint.pt", weights_only=True)
        state["average"]["index"] = torch.arange(50)
        torch.save(state, run / "checkpoint.pt")
    average_runs(runs, tmp_path / "mean")
    found = torch.load(tmp_path / "mean" / "checkpoint.pt", weights_only=True)["average"]["index"]
    assert torch.equal(found, torch.arange(50))
