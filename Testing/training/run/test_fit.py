"""The loop with real processes: killed and resumed, told to stop, one process or two."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from humor_training.checkpoints import BEST, CHECKPOINT
from humor_training.checkpoints.run_folder import load_trained, read_origin, read_run, run_metadata
from humor_training.monitoring.tables import LOSSES, read_lines

REPOSITORY = Path(__file__).resolve().parents[3]
NUMBERS = {"dim": 24, "mlp": 48, "depth": 4, "heads": 3, "feature_size": 4}


def recipe(path: Path, **changes: Any) -> Path:
    """A tiny recipe in float32, so that sums differ only by their order."""
    data: dict[str, Any] = {
        "network": {"name": "humor_teacher_pyramid", **NUMBERS},
        "stages": [
            {"steps": 6, "window": [32, 32, 32], "batch": 2},
            {"steps": 2, "window": [48, 48, 48], "batch": 2, "regions": ["WT"]},
        ],
        "learning_rate": 1e-3,
        "warmup": 2,
        "precision": "fp32",
        "loss": {"balance": 0.1, "entropy": 0.01, "overlap": 0.01},
        "held_out": 1,
        "check_every": 4,
        "save_every": 3,
    }
    path.write_text(yaml.safe_dump(data | changes))
    return path


def command(recipe: Path, studies: Path, run: Path, *extra: str) -> list[str]:
    data = ["--data", str(studies), "--cache", str(studies.parent / "cache-of-runs")]
    return ["-m", "humor_training", "fit", str(recipe), *data, "--run", str(run), "--device", "cpu", *extra]


def environment() -> dict[str, str]:
    paths = os.pathsep.join(str(REPOSITORY / folder) for folder in ("HUMoRSegment", "Training"))
    return {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}


def start(words: list[str]) -> subprocess.Popen[str]:
    streams: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen([sys.executable, *words], env=environment(), **streams)


def finish(words: list[str], seconds: float = 300) -> str:
    process = start(words)
    output = process.communicate(timeout=seconds)[0]
    assert process.returncode == 0, output
    return output


def losses(run: Path) -> list[float]:
    return [float(line["total"]) for line in read_lines(run, LOSSES)]


@pytest.fixture(scope="module")
def whole(studies: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An uninterrupted training."""
    folder = tmp_path_factory.mktemp("whole")
    finish(command(recipe(folder / "recipe.yaml"), studies, folder / "run"))
    return folder / "run"


def test_a_run_is_carried_with_its_tables(whole: Path, tmp_path: Path) -> None:
    finish(["-m", "humor_training", "carry", str(whole), str(tmp_path / "out")])
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {
        "checkpoint-00001-of-00001.safetensors",
        *("held_out.csv", "losses.csv", "origin.json", "recipe.yaml"),
    }
    refused = start(["-m", "humor_training", "carry", str(whole), str(whole)])
    assert "is the run itself" in refused.communicate(timeout=120)[0] and refused.returncode == 2


def test_a_training_leaves_everything_behind(whole: Path) -> None:
    assert {path.name for path in whole.iterdir()} >= {
        "checkpoint.pt",
        "best.pt",
        "recipe.yaml",
        "origin.json",
        "losses.csv",
        "held_out.csv",
        "gate_loads.csv",
        "report.html",
        "samples",
        "tensorboard",
    }
    assert not list(whole.glob("*.partial"))
    origin = read_origin(whole)
    assert len(origin["learned_from"]) == 2 and len(origin["held_out"]) == 1
    assert not set(origin["learned_from"]) & set(origin["held_out"])
    columns = read_lines(whole, LOSSES)[0]
    assert {"total", "segmentation", "labels", "balance", "entropy", "overlap"} <= set(columns)


def test_a_killed_and_resumed_training_ends_with_the_same_weights(
    whole: Path, studies: Path, tmp_path: Path
) -> None:
    path = recipe(tmp_path / "recipe.yaml")
    process = start(command(path, studies, tmp_path / "run"))
    deadline = time.monotonic() + 200
    while not (tmp_path / "run" / CHECKPOINT).exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    steps = read_run(tmp_path / "run")[1]["step"]
    assert 3 <= steps < 8
    output = finish(command(path, studies, tmp_path / "run"))
    assert f"continuing from step {steps} of 8" in output
    one, other = load_trained(whole).state_dict(), load_trained(tmp_path / "run").state_dict()
    for name, tensor in one.items():
        torch.testing.assert_close(other[name], tensor, rtol=1e-3, atol=1e-5)


def test_a_training_that_is_told_to_stop_saves_and_goes_on_later(studies: Path, tmp_path: Path) -> None:
    path = recipe(
        tmp_path / "recipe.yaml",
        save_every=1000,
        check_every=1000,
        stages=[{"steps": 5000, "window": [32, 32, 32], "batch": 1}],
    )
    process = start(command(path, studies, tmp_path / "run"))
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("step 25 "):
            break
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    step = read_run(tmp_path / "run")[1]["step"]
    assert 25 <= step < 1000


def test_two_processes_have_the_losses_of_one_with_the_double_batch(
    whole: Path, studies: Path, tmp_path: Path
) -> None:
    halves = [
        {"steps": 6, "window": [32, 32, 32], "batch": 1},
        {"steps": 2, "window": [48, 48, 48], "batch": 1, "regions": ["WT"]},
    ]
    path = recipe(tmp_path / "recipe.yaml", stages=halves)
    run = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    finish([*run, "-m", "--", *command(path, studies, tmp_path / "run")[1:]])
    facts = [run_metadata(*read_run(folder), read_origin(folder)) for folder in (whole, tmp_path / "run")]
    assert "processes" not in facts[0] and facts[1]["processes"].startswith("2, each")
    assert losses(tmp_path / "run") == pytest.approx(losses(whole), rel=1e-3)
    one, other = load_trained(whole).state_dict(), load_trained(tmp_path / "run").state_dict()
    apart = torch.cat([(other[name] - tensor).abs().flatten() for name, tensor in one.items()])
    # Where a gradient is noise, Adam moves a weight by the rate (1e-3 a step) in either direction.
    assert float((apart > 2e-4).float().mean()) < 0.02 and float(apart.mean()) < 5e-5


@pytest.mark.heavy
def test_two_compiled_processes_that_are_stopped_go_on_to_the_losses_of_uninterrupted_ones(
    studies: Path, tmp_path: Path
) -> None:
    path = recipe(
        tmp_path / "recipe.yaml",
        network={"name": "humor_student_pyramid", "deep": 2, **NUMBERS},
        stages=[{"steps": 40, "window": [32] * 3, "batch": 1, "brain_every": 3, "brain_window": [48] * 3}],
        loss={"deep": 0.5},
        compile=True,
        precision="bf16",
        save_every=1000,
        check_every=1000,
    )
    run = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "--"]
    minutes = 15 * 60  # compiling takes most of it, on a busy machine
    finish([*run, *command(path, studies, tmp_path / "whole")[1:]], minutes)
    process = start([*run, *command(path, studies, tmp_path / "parts")[1:]])
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("step 25 "):
            break
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    step = read_run(tmp_path / "parts")[1]["step"]
    assert 25 <= step < 40
    told = finish([*run, *command(path, studies, tmp_path / "parts")[1:]], minutes)
    assert f"continuing from step {step}" in told
    one, other = load_trained(tmp_path / "whole").state_dict(), load_trained(tmp_path / "parts").state_dict()
    for name, tensor in one.items():
        torch.testing.assert_close(other[name], tensor, rtol=1e-4, atol=1e-6)


def test_a_run_begins_with_a_network_without_heads_for_deep_supervision(
    studies: Path, tmp_path: Path
) -> None:
    plain = {"name": "humor_student_pyramid", **NUMBERS}
    one_step = {"stages": [{"steps": 1, "window": [32, 32, 32], "batch": 1}], "loss": {"deep": 0.5}}
    first = recipe(tmp_path / "first.yaml", network=plain, **one_step)
    finish(command(first, studies, tmp_path / "first"))
    deep = recipe(tmp_path / "deep.yaml", network={**plain, "deep": 2}, learning_rate=0.0, **one_step)
    finish(command(deep, studies, tmp_path / "deep", "--start", str(tmp_path / "first")))
    before, after = (
        load_trained(tmp_path / "first").state_dict(),
        load_trained(tmp_path / "deep").state_dict(),
    )
    assert {name for name in after if name not in before} == {
        f"decoder.deep.{level}.{part}" for level in (0, 1) for part in ("weight", "bias")
    }
    assert all(torch.equal(after[name], weight) for name, weight in before.items())
    assert "deep" in read_lines(tmp_path / "deep", LOSSES)[0]


def test_the_best_state_is_kept_beside_the_last(whole: Path) -> None:
    best = torch.load(whole / BEST, weights_only=True)
    assert best["step"] in (4, 8)
    assert load_trained(whole, best=True).state_dict().keys() == load_trained(whole).state_dict().keys()


def test_a_checkpoint_of_another_network_is_refused(whole: Path, studies: Path, tmp_path: Path) -> None:
    other = recipe(tmp_path / "recipe.yaml", network={"name": "humor_student_pyramid", **NUMBERS})
    run = tmp_path / "run"
    run.mkdir()
    (run / CHECKPOINT).write_bytes((whole / CHECKPOINT).read_bytes())
    process = start(command(other, studies, run))
    output = process.communicate(timeout=200)[0]
    assert process.returncode == 1 and "another network" in output and "Traceback" not in output
