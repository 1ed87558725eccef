"""``humor-train fit``, ``report`` and ``throughput``: train a network, look at a training, time it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from humor.errors import UsageError

from ..checkpoints import ORIGIN, RECIPE
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
    from lightning.fabric import Fabric
    from torch import nn

    from ..checkpoints.run_folder import Trained
    from ..recipe import Recipe
    from ..run.fit import CaseSplit


def add_parsers(commands: argparse._SubParsersAction) -> None:
    """Add the commands."""
    _add_fit(commands)
    _add_report(commands)
    _add_throughput(commands)


DEEP = "decoder.deep."
"""Weights of heads that only training uses: a network that was trained without them has none."""
GATE_BATCHES = 12
"""From which an upcycled teacher's gates are initialised."""


def _add_fit(commands: argparse._SubParsersAction) -> None:
    """The command's options."""
    parser = commands.add_parser("fit", help="train a network, or continue where an earlier call stopped")
    add_recipe(parser)
    add_data(parser)
    add_run(parser)
    add_split(parser)
    add_device(parser)
    parser.add_argument(
        "--minutes", type=float, help="save and stop after this many minutes; call again to continue"
    )
    parser.add_argument(
        "--schedule-minutes",
        type=float,
        help="minutes of all calls together: steps are timed first, and as many planned as fit",
    )
    parser.add_argument("--teacher", help="run folder or bundle of the teacher to distil from")
    begin = parser.add_mutually_exclusive_group()
    begin.add_argument("--start", help="run folder or bundle of the same network whose weights to start from")
    begin.add_argument(
        *("--upcycle-from", "--grow-from"),  # the second is the older name
        metavar="STUDENT",
        help="run folder or bundle of a student that becomes the first state of a teacher's experts",
    )
    parser.set_defaults(run=run_fit)


def run_fit(args: argparse.Namespace) -> None:
    """Train; see ``run.fit.fit``."""
    import time

    from ..checkpoints.run_folder import load_model
    from ..checkpoints.shards import join_shards
    from ..recipe import read_recipe
    from ..run.fit import fit
    from ..run.processes import make_fabric

    began = time.monotonic()
    for name in ("minutes", "schedule_minutes"):
        if (given := getattr(args, name)) is not None and not 0 < given < float("inf"):
            raise UsageError(f"--{name.replace('_', '-')} must be more than 0, not {given:g}.")
    path = recipe_path(args.recipe)
    recipe = read_recipe(path)
    fabric = make_fabric(args.device)
    teacher = load_model(args.teacher) if args.teacher else None
    with fabric.rank_zero_first():
        cases = load_cases(args, often=True)
        # A training that goes on has its weights already.
        begun = join_shards(args.folder)
    material = split_cases(args, recipe, cases)
    start, start_metadata = (None, {}) if begun else _start(args, recipe, material, fabric.device)
    if args.schedule_minutes is not None:
        recipe, text = _scheduled(args, recipe, path, material, fabric, began)
    else:
        text = path.read_bytes()
    if fabric.is_global_zero:
        args.folder.mkdir(parents=True, exist_ok=True)
        # Copies in the run's folder: the other commands must build, split and cite what was trained.
        (args.folder / RECIPE).write_bytes(text)
        _write_origin(args, material, teacher, start_metadata, fabric.world_size)
    left = None if args.minutes is None else 60.0 * args.minutes - (time.monotonic() - began)
    fit(recipe, material, args.folder, fabric, teacher.network if teacher else None, start, seconds=left)


def _scheduled(
    args: argparse.Namespace,
    recipe: Recipe,
    path: Path,
    material: CaseSplit,
    fabric: Fabric,
    began: float,
) -> tuple[Recipe, bytes]:
    """The recipe of ``--schedule-minutes`` and its text: the run's own where an earlier call has measured."""
    import time

    import yaml

    from ..recipe import read_recipe, recipe_of
    from ..run.speed import scaled, steps_within

    kept = args.folder / RECIPE
    fabric.barrier()  # no process looks after another has written
    if kept.exists():
        return read_recipe(kept), kept.read_bytes()
    steps = steps_within(recipe, args.schedule_minutes, material.learning, fabric, time.monotonic() - began)
    data = scaled(yaml.safe_load(path.read_text(encoding="utf-8")), recipe, steps)
    if fabric.is_global_zero:
        print(f"{steps} steps fit into {args.schedule_minutes:g} minutes.", flush=True)
    return recipe_of(data, str(path)), yaml.safe_dump(data, sort_keys=False).encode()


def _start(
    args: argparse.Namespace, recipe: Recipe, material: CaseSplit, device: torch.device
) -> tuple[dict[str, Any] | None, dict[str, Any]]:
    """Weights to begin with, and where they come from."""
    from ..checkpoints.run_folder import load_model

    if args.start:
        return begin_with(args.start, recipe)
    if args.upcycle_from:
        given = load_model(args.upcycle_from)
        return _upcycled(given, recipe, material, device).state_dict(), {"grown_from": given.metadata}
    return None, {}


def begin_with(name: str, recipe: Recipe) -> tuple[dict[str, Any], dict[str, Any]]:
    """The weights of a run's folder or of a bundle for the recipe's network, and where they come from.

    Raises:
        UsageError: they are of another network.
        InputError, BundleError: it is neither.
    """
    from ..checkpoints.run_folder import load_model

    given = load_model(name)
    return _start_weights(given, recipe, name), given.metadata


def _upcycled(student: Trained, recipe: Recipe, material: CaseSplit, device: torch.device) -> nn.Module:
    """The recipe's teacher, upcycled from ``student``, with gates that divide the cases' brains."""
    from ..baselines import build_any
    from ..run.batches import make_batch
    from ..run.gate_initialisation import initialise_gates
    from ..run.upcycling import upcycle

    teacher = build_any(recipe.network)
    upcycled = upcycle(student.network, experts=recipe.network.get("experts", 3), seed=recipe.seed)
    teacher.load_state_dict(upcycled.state_dict())
    # Steps from the recipe's end on: windows that no step of the training sees.
    steps = range(recipe.steps, recipe.steps + GATE_BATCHES)
    initialise_gates(
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

    from ..checkpoints.run_folder import read_origin

    metadata: dict[str, Any] = {
        **read_origin(args.folder),  # what an earlier sitting started from
        "learned_from": sorted(case.name for case in material.learning),
        "held_out": sorted(case.name for case in material.held),
        "processes": processes,
    }
    if teacher:
        metadata["teacher"] = teacher.metadata
    if start:
        metadata["start"] = start
    (args.folder / ORIGIN).write_text(json.dumps(metadata, indent=2), encoding="utf-8")


def _add_report(commands: argparse._SubParsersAction) -> None:
    """The command's options."""
    parser = commands.add_parser("report", help="write a training's report.html: curves, gates, samples")
    parser.add_argument("folder", type=Path, metavar="RUN", help="the run's folder")
    parser.set_defaults(run=run_report)


def run_report(args: argparse.Namespace) -> None:
    """Write the page into the run's folder."""
    from ..monitoring.page import write_page

    print(f"{write_page(args.folder)} is written.")


def _add_throughput(commands: argparse._SubParsersAction) -> None:
    """The command's options."""
    parser = commands.add_parser("throughput", help="compare the training speed of recipes on this machine")
    parser.add_argument("recipes", type=Path, nargs="+", help="YAML files or names of bundled recipes")
    add_data(parser)
    add_device(parser)
    parser.add_argument("--steps", type=int, default=20, help="steps that are timed")
    parser.add_argument(
        "--window", type=int, default=96, help="edge of the windows in voxels, the same for all"
    )
    parser.add_argument("--batch", type=int, default=1)
    parser.set_defaults(run=run_throughput, folder=Path("runs") / "throughput")


def run_throughput(args: argparse.Namespace) -> None:
    """Print a Markdown table: windows per second, and the share of time spent waiting for data."""
    from dataclasses import replace

    from humor.networks.build import count_macs, count_parameters

    from ..baselines import build_any
    from ..recipe import Stage, read_recipe
    from ..run.processes import make_fabric
    from ..run.speed import WARM_UP, seconds_a_step

    fabric, cases = make_fabric(args.device), load_cases(args, often=True)
    edges = (args.window, args.window, args.window)
    print(f"Training steps on {fabric.device}, windows of {args.window}³, batch {args.batch}:\n")
    print("| recipe | M parameters | GMACs | windows/s | seconds a step | waiting for data |")
    print("|---|---|---|---|---|---|")
    for name in args.recipes:
        recipe = read_recipe(recipe_path(name))
        stage = Stage(WARM_UP + args.steps, edges, args.batch, recipe.stages[-1].phase)
        recipe = replace(recipe, stages=(stage,), accumulate=1)
        network = build_any(recipe.network)
        costs = f"{count_parameters(network) / 1e6:.1f} | {count_macs(network, edges) / 1e9:.1f}"
        seconds, waiting = seconds_a_step(recipe, cases, fabric, args.steps)
        rate = args.batch * fabric.world_size / seconds
        print(f"| {name} | {costs} | {rate:.2f} | {seconds:.3f} | {waiting:.1%} |", flush=True)
