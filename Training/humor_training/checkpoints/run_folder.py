"""A run's folder: the names of its files, its checkpoints and metadata, and the trained network in it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from humor.bundle.bundle import load_bundle
from humor.bundle.store import find_bundle
from humor.errors import InputError
from humor.hashing import sha256_of_file
from humor.inference.torch_backend import load_network

from ..baselines import build_any
from ..provenance import PARENTS, recipe_metadata
from ..recipe import Recipe, read_recipe
from . import BEST, CHECKPOINT, ORIGIN, RECIPE, THRESHOLDS


@dataclass(frozen=True)
class Trained:
    """Attributes:
    network: with its weights, in float32, on the CPU.
    architecture: what builds it.
    metadata: where it comes from, for cards.
    """

    network: nn.Module
    architecture: dict[str, Any]
    metadata: dict[str, Any]


def load_trained(folder: Path, best: bool = False) -> nn.Module:
    """The averaged network of a run's folder.

    Args:
        folder: of ``humor-train fit``.
        best: as it was when it did best on the held-out cases, if that was kept.

    Raises:
        InputError: the folder holds no training, or a damaged one.
    """
    recipe, state = read_run(folder, best)
    network = build_any(recipe.network)
    try:
        network.load_state_dict(state["average"])
    except (RuntimeError, TypeError, AttributeError) as error:
        raise InputError(
            f"{weights_file(folder, best)}: these weights are not of the network that {folder / RECIPE} "
            f"describes ({str(error).splitlines()[0]}). Copy the whole folder of the run again."
        ) from error
    return network.eval().requires_grad_(False)


def weights_file(folder: Path, best: bool = False) -> Path:
    """The checkpoint that ``load_trained`` reads."""
    return folder / BEST if best and (folder / BEST).exists() else folder / CHECKPOINT


def read_run(folder: Path, best: bool = False) -> tuple[Recipe, dict[str, Any]]:
    """Recipe and checkpoint of a run's folder; raises like ``load_trained``."""
    path = weights_file(folder, best)
    if not path.exists():
        raise InputError(
            f"{folder}: no {CHECKPOINT} in it. Train first: humor-train fit RECIPE --data ... --run {folder}"
        )
    return read_recipe(folder / RECIPE), read_checkpoint(path, ("average", "step", "seconds"))


def read_origin(folder: Path) -> dict[str, Any]:
    """What a run started from and followed; empty if neither."""
    return read_metadata(folder / ORIGIN)


def run_metadata(recipe: Recipe, state: dict[str, Any], origin: dict[str, Any]) -> dict[str, Any]:
    """How a run's weights came about, for the cards of models that began with or learned from it."""
    processes = origin.get("processes", 1)
    each = {"processes": f"{processes}, each with a batch of its own"} if processes > 1 else {}
    return {
        **recipe_metadata(recipe),
        **each,
        "steps_done": state["step"],
        "hours": round(state["seconds"] / 3600, 2),
        "cases_learned_from": len(origin.get("learned_from", [])),
        **{key: origin[key] for key in PARENTS if key in origin},
    }


def load_model(name: str) -> Trained:
    """The network of a run's folder or of a bundle (its name or folder).

    Raises:
        InputError, BundleError: it is neither.
    """
    folder = Path(name)
    if (folder / RECIPE).exists():
        recipe, state = read_run(folder)
        metadata = run_metadata(recipe, state, read_origin(folder))
        return Trained(load_trained(folder), recipe.network, metadata)
    bundle = load_bundle(find_bundle(name))
    manifest = bundle.manifest
    metadata = {"bundle": manifest.name, "version": manifest.version, "created": manifest.created}
    return Trained(load_network(bundle), dict(manifest.architecture), metadata)


def write_whole(state: dict[str, Any], path: Path) -> None:
    """``torch.save`` to a temporary name, then rename."""
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    partial.replace(path)


def read_checkpoint(path: Path, entries: Sequence[str], device: torch.device | str = "cpu") -> dict[str, Any]:
    """What ``write_whole`` has written; reading it runs no code.

    Args:
        path: the file.
        entries: that it must have.
        device: to put the tensors on.

    Raises:
        InputError: it cannot be read, is damaged or truncated, or lacks an entry.
    """
    try:
        state = torch.load(path, map_location=device, weights_only=True)
    except Exception as error:  # torch names no class for files that are cut off, changed inside, or others
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(
            f"{path} is damaged or truncated, or no checkpoint ({reason}). Copy it again, or train again "
            "from an earlier one."
        ) from error
    missing = [entry for entry in entries if entry not in state] if isinstance(state, dict) else list(entries)
    if missing or not isinstance(state, dict):
        raise InputError(
            f"{path} cannot be used here: it has no {', '.join(missing)}. A checkpoint that "
            "'humor-train fit' writes at the end of its steps has all."
        )
    return state


def read_metadata(path: Path) -> dict[str, Any]:
    """A JSON file of metadata; empty if it is not there.

    Raises:
        InputError: it cannot be read, or holds something else.
    """
    try:
        metadata = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path} cannot be read ({error}). Copy the run's folder again.") from error
    if not isinstance(metadata, dict):
        raise InputError(f"{path} holds no metadata of a run. Copy the run's folder again.")
    return metadata


def write_thresholds(folder: Path, weights: Path, metadata: dict[str, Any]) -> None:
    """Keep what was chosen.

    Args:
        folder: the run's.
        weights: the checkpoint that they were chosen for.
        metadata: ``thresholds`` (region → probability), and how they were chosen.
    """
    kept = {"weights": sha256_of_file(weights), **metadata}
    (folder / THRESHOLDS).write_text(json.dumps(kept, indent=2), encoding="utf-8")


def read_thresholds(folder: Path, weights: Path) -> dict[str, Any]:
    """What was chosen for a run; empty if nothing was.

    Raises:
        InputError: it was chosen for other weights, or cannot be read.
    """
    path = folder / THRESHOLDS
    metadata = read_metadata(path)
    if metadata and metadata.pop("weights", "") != sha256_of_file(weights):
        raise InputError(
            f"{path}: these thresholds were chosen for other weights than those of {weights.name}. "
            f"Choose again with humor-train thresholds --run {folder}, or delete the file to use 0.5."
        )
    return metadata
