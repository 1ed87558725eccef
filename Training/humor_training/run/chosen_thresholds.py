"""Thresholds that were chosen for a run's weights, in its folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from humor.errors import InputError
from humor.hashing import sha256_of_file

from .checkpoints import read_facts

FILE = "thresholds.json"


def write_thresholds(folder: Path, weights: Path, facts: dict[str, Any]) -> None:
    """Keep what was chosen.

    Args:
        folder: the run's.
        weights: the checkpoint that they were chosen for.
        facts: ``thresholds`` (region → probability), and how they were chosen.
    """
    kept = {"weights": sha256_of_file(weights), **facts}
    (folder / FILE).write_text(json.dumps(kept, indent=2), encoding="utf-8")


def read_thresholds(folder: Path, weights: Path) -> dict[str, Any]:
    """What was chosen for a run; empty if nothing was.

    Raises:
        InputError: it was chosen for other weights, or cannot be read.
    """
    path = folder / FILE
    facts = read_facts(path)
    if facts and facts.pop("weights", "") != sha256_of_file(weights):
        raise InputError(
            f"{path}: these thresholds were chosen for other weights than those of {weights.name}. "
            f"Choose again with humor-train thresholds --run {folder}, or delete the file to use 0.5."
        )
    return facts
