"""Thresholds in a run's folder belong to weights."""

from __future__ import annotations

from pathlib import Path

import pytest

from humor.errors import InputError
from humor_training.checkpoints.run_folder import read_thresholds, write_thresholds

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
