"""One network from the mean weights of several runs that began with the same weights.

Runs that went on from a common start lie in one valley of the loss, and the mean of their weights is often
better than each of them, at the cost of one ("model soups": Wortsman et al. 2022, arXiv 2203.05482).
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from humor.errors import InputError, UsageError

from . import CHECKPOINT, ORIGIN, RECIPE
from .run_folder import read_origin, read_run, run_metadata, write_whole


def average_runs(runs: Sequence[Path], target: Path) -> None:
    """Write the folder of a run whose averaged weights are the mean over ``runs``.

    It can be measured, exported and started from, but not gone on with: there is no optimiser in it. Its
    recipe is the first run's; steps and seconds are the sums. Held out is what no run has learned from.

    Args:
        runs: folders of ``humor-train fit``, at least two.
        target: a folder without a checkpoint.

    Raises:
        UsageError: fewer than two runs, or ``target`` holds a run already.
        InputError: a folder holds no training, or another network than the first.
    """
    if len(runs) < 2:
        raise UsageError("A mean needs at least two runs.")
    if (target / CHECKPOINT).exists():
        raise UsageError(f"{target} holds a run already; give another folder.")
    found = [(*read_run(folder), read_origin(folder)) for folder in runs]
    states = [state for _, state, _ in found]
    parts = [state["average"] for state in states]
    for folder, part in zip(runs, parts, strict=True):
        _check_same(parts[0], part, runs[0], folder)
    mean = {name: _mean([part[name] for part in parts]) for name in parts[0]}
    origins = [origin for *_, origin in found]
    learned = sorted({name for origin in origins for name in origin.get("learned_from", [])})
    held = sorted({name for origin in origins for name in origin.get("held_out", [])} - set(learned))
    metadata: dict[str, Any] = {
        "learned_from": learned,
        "held_out": held,
        "averaged": [run_metadata(recipe, state, origin) for recipe, state, origin in found],
    }
    target.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(runs[0] / RECIPE, target / RECIPE)
    (target / ORIGIN).write_text(json.dumps(metadata, indent=2), encoding="utf-8")
    sums = {key: sum(state[key] for state in states) for key in ("step", "seconds")}
    write_whole({"average": mean, **sums}, target / CHECKPOINT)


def _mean(values: list[torch.Tensor]) -> torch.Tensor:
    """The first of whole numbers (indices, counters)."""
    first = values[0]
    return torch.stack(values).double().mean(dim=0).to(first.dtype) if first.is_floating_point() else first


def _check_same(
    first: dict[str, torch.Tensor], other: dict[str, torch.Tensor], first_run: Path, other_run: Path
) -> None:
    if {key: value.shape for key, value in first.items()} != {
        key: value.shape for key, value in other.items()
    }:
        raise InputError(
            f"{other_run}: another network than that of {first_run}; only weights of one can be averaged."
        )
