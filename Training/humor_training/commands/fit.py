"""``humor-train fit``: train a network, going on where an earlier call stopped."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from humor.errors import UsageError

from .options import (
    add_data,
    add_device,
    add_recipe,
    add_run,
    add_split,
    load_cases,
    recipe_path,
    split_cases,
)

if TYPE_CHECKING:
    import torch
    from torch import nn

    from ..recipe import Recipe
    from ..run.fit import Material
    from ..run.trained import Trained

DEEP = "decoder.deep."
"""Weights of heads that only training uses: a network that was trained without them has none."""
DIVIDING_BATCHES = 12
"""From which a grown teacher's gates are set."""


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
    parser = commands.add_parser("fit", help="train a network; goes on where an earlier call stopped")
    add_recipe(parser)
    add_data(parser)
    add_run(parser)
    add_split(parser)
    add_device(parser)
    parser.add_argument("--teacher", help="run folder or bundle to follow (distillation)")
    begin = parser.add_mutually_exclusive_group()
    begin.add_argument(
        "--start", help="run folder or bundle of the same network, whose weights to begin with"
    )
    begin.add_argument("--grow-from", help="student (run folder or bundle) that a teacher is grown from")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Train; see ``run.fit.fit``."""
    from ..recipe import read_recipe
    from ..run.files import CHECKPOINT, RECIPE
    from ..run.fit import fit
    from ..run.processes import make_fabric
    from ..run.trained import load_model

    path = recipe_path(args.recipe)
    recipe = read_recipe(path)
    fabric = make_fabric(args.device)
    teacher = load_model(args.teacher) if args.teacher else None
    with fabric.rank_zero_first():
        cases = load_cases(args)
    material = split_cases(args, recipe, cases)
    # A training that goes on has its weights already.
    begun = (args.folder / CHECKPOINT).exists()
    start, start_facts = (None, {}) if begun else _start(args, recipe, material, fabric.device)
    if fabric.is_global_zero:
        args.folder.mkdir(parents=True, exist_ok=True)
        # Copies in the run's folder: the other commands must build, split and cite what was trained.
        (args.folder / RECIPE).write_bytes(path.read_bytes())
        _write_origin(args, material, teacher, start_facts, fabric.world_size)
    fit(recipe, material, args.folder, fabric, teacher.network if teacher else None, start)


def _start(
    args: argparse.Namespace, recipe: Recipe, material: Material, device: torch.device
) -> tuple[dict[str, Any] | None, dict[str, Any]]:
    """Weights to begin with, and where they come from."""
    from ..run.trained import load_model

    if args.start:
        given = load_model(args.start)
        return _start_weights(given, recipe, args.start), given.facts
    if args.grow_from:
        given = load_model(args.grow_from)
        return _grown(given, recipe, material, device).state_dict(), {"grown_from": given.facts}
    return None, {}


def _grown(student: Trained, recipe: Recipe, material: Material, device: torch.device) -> nn.Module:
    """The recipe's teacher, grown from ``student``, with gates that divide the cases' brains."""
    from ..baselines import build_any
    from ..run.batches import make_batch
    from ..run.gate_division import divide_tokens
    from ..run.growth import grow

    teacher = build_any(recipe.network)
    grown = grow(student.network, experts=recipe.network.get("experts", 3), seed=recipe.seed)
    teacher.load_state_dict(grown.state_dict())
    # Steps from the recipe's end on: windows that no step of the training sees.
    steps = range(recipe.steps, recipe.steps + DIVIDING_BATCHES)
    divide_tokens(
        teacher.to(device), (make_batch(material.learning, recipe, step, device=device) for step in steps)
    )
    return teacher


def _start_weights(given: Trained, recipe: Recipe, name: str) -> dict[str, torch.Tensor]:
    """The given weights; where the recipe adds heads for deep supervision, these are fresh."""
    import torch

    from ..baselines import build_any

    torch.manual_seed(recipe.seed)
    fresh, weights = build_any(recipe.network).state_dict(), given.network.state_dict()
    shapes = {key: value.shape for key, value in weights.items()}
    wanted = {key: value.shape for key, value in fresh.items()}
    if shapes != {key: shape for key, shape in wanted.items() if key in shapes or not key.startswith(DEEP)}:
        raise UsageError(f"--start {name}: its network is another than the recipe's {recipe.network}.")
    return fresh | weights


def _write_origin(
    args: argparse.Namespace,
    material: Any,
    teacher: Trained | None,
    start: dict[str, Any],
    processes: int,
) -> None:
    import json

    from ..run.files import ORIGIN
    from ..run.trained import read_origin

    facts: dict[str, Any] = {
        **read_origin(args.folder),  # what an earlier sitting started from
        "learned_from": sorted(case.name for case in material.learning),
        "held_out": sorted(case.name for case in material.held),
        "processes": processes,
    }
    if teacher:
        facts["teacher"] = teacher.facts
    if start:
        facts["start"] = start
    (args.folder / ORIGIN).write_text(json.dumps(facts, indent=2), encoding="utf-8")
