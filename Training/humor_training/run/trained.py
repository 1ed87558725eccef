"""Networks that are trained already: of a run's folder, or of a bundle."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from humor.bundle.bundle import load_bundle
from humor.bundle.store import find_bundle
from humor.errors import InputError
from humor.inference.torch_backend import load_network

from ..baselines import build_any
from ..lineage import PARENTS
from ..recipe import Recipe, read_recipe
from ..recipe_facts import recipe_facts
from .checkpoints import read_checkpoint, read_facts
from .files import BEST, CHECKPOINT, ORIGIN, RECIPE


@dataclass(frozen=True)
class Trained:
    """Attributes:
    network: with its weights, in float32, on the CPU.
    architecture: what builds it.
    facts: where it comes from, for cards.
    """

    network: nn.Module
    architecture: dict[str, Any]
    facts: dict[str, Any]


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
    return read_facts(folder / ORIGIN)


def run_facts(recipe: Recipe, state: dict[str, Any], origin: dict[str, Any]) -> dict[str, Any]:
    """How a run's weights came about, for the cards of models that began with or learned from it."""
    processes = origin.get("processes", 1)
    each = {"processes": f"{processes}, each with a batch of its own"} if processes > 1 else {}
    return {
        **recipe_facts(recipe),
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
        facts = run_facts(recipe, state, read_origin(folder))
        return Trained(load_trained(folder), recipe.network, facts)
    bundle = load_bundle(find_bundle(name))
    manifest = bundle.manifest
    facts = {"bundle": manifest.name, "version": manifest.version, "created": manifest.created}
    return Trained(load_network(bundle), dict(manifest.architecture), facts)
