"""Damaged files of a run's folder: each is named, with what to do, and none is a traceback."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from humor.errors import InputError
from humor_training.baselines import build_any
from humor_training.checkpoints import CHECKPOINT, ORIGIN, RECIPE
from humor_training.checkpoints.run_folder import (
    load_trained,
    read_checkpoint,
    read_metadata,
    read_thresholds,
    write_thresholds,
    write_whole,
)
from humor_training.cli import main

NETWORK = {"name": "humor_student_pyramid", "dim": 24, "mlp": 48, "depth": 4, "heads": 3, "feature_size": 4}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run's folder, without its training."""
    folder = tmp_path / "run"
    folder.mkdir()
    stage = {"steps": 1, "window": [32, 32, 32], "batch": 1}
    (folder / RECIPE).write_text(yaml.safe_dump({"network": NETWORK, "stages": [stage]}))
    (folder / ORIGIN).write_text(json.dumps({"learned_from": ["a"]}))
    state = {"average": build_any(NETWORK).state_dict(), "step": 1, "seconds": 1.0}
    write_whole(state, folder / CHECKPOINT)
    return folder


def damaged(good: bytes) -> dict[str, bytes]:
    return {
        "empty": b"",
        "one byte": good[:1],
        "half": good[: len(good) // 2],
        "without its end": good[:-1],
        "text": b"not a checkpoint at all, " * 50,
        "zeros": bytes(1000),
        "pickle of code": b"cposix\nsystem\n(S'touch pwned'\ntR.",
    }


@pytest.mark.parametrize("how", damaged(b""))
def test_a_damaged_checkpoint_is_named(folder: Path, capsys: pytest.CaptureFixture[str], how: str) -> None:
    path = folder / CHECKPOINT
    path.write_bytes(damaged(path.read_bytes())[how])
    with pytest.raises(InputError, match=r"checkpoint\.pt is damaged or truncated, or no checkpoint"):
        load_trained(folder)
    words = ["export", folder.parent / "bundle", "--run", folder, "--title", "T"]
    assert main([str(word) for word in words]) == 1
    assert str(path) in capsys.readouterr().err
    assert not (folder.parent / "bundle").exists() and not Path("pwned").exists()


@pytest.mark.parametrize("state", [[], {}, {"average": {}}, 7])
def test_something_else_is_no_checkpoint(folder: Path, state: Any) -> None:
    torch.save(state, folder / CHECKPOINT)
    with pytest.raises(InputError, match=r"checkpoint\.pt cannot be used here: it has no .*seconds"):
        read_checkpoint(folder / CHECKPOINT, ("average", "step", "seconds"))


def test_weights_of_another_network_are_named(folder: Path) -> None:
    other = build_any({**NETWORK, "dim": 48})
    write_whole({"average": other.state_dict(), "step": 1, "seconds": 1.0}, folder / CHECKPOINT)
    with pytest.raises(InputError, match=r"checkpoint\.pt: these weights are not of the network"):
        load_trained(folder)


@pytest.mark.parametrize("text", [b"{", b"[]", b"\xff\xfe", b"[" * 100_000])
def test_damaged_facts_are_named(folder: Path, text: bytes) -> None:
    (folder / ORIGIN).write_bytes(text)
    with pytest.raises(InputError, match=r"origin\.json"):
        read_metadata(folder / ORIGIN)


def test_a_changed_member_of_the_zip_is_noticed(folder: Path) -> None:
    """Torch reads its zip without the check sums; what it then cannot read is told all the same."""
    path = folder / CHECKPOINT
    with zipfile.ZipFile(path) as archive:
        member = max(archive.infolist(), key=lambda info: info.filename.endswith("data.pkl"))
        begin = member.header_offset + 200
    data = bytearray(path.read_bytes())
    data[begin : begin + 40] = bytes(40)
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"checkpoint\.pt"):
        load_trained(folder)


def test_a_folder_without_rights_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(folder)
    folder.write_text("a file where a folder should be")
    words = ["export", folder.parent / "bundle", "--run", folder, "--title", "T"]
    assert main([str(word) for word in words]) == 1
    assert str(folder) in capsys.readouterr().err


CHOSEN = {"thresholds": {"WT": 0.7, "TC": 0.3, "ET": 0.1}, "chosen_on": ["a"]}


def test_what_was_written_is_read_for_the_same_weights_only(tmp_path: Path) -> None:
    weights = tmp_path / "checkpoint.pt"
    weights.write_bytes(b"one")
    assert read_thresholds(tmp_path, weights) == {}
    write_thresholds(tmp_path, weights, CHOSEN)
    assert read_thresholds(tmp_path, weights) == CHOSEN
    weights.write_bytes(b"other")
    with pytest.raises(InputError, match="humor-train thresholds --run"):
        read_thresholds(tmp_path, weights)
