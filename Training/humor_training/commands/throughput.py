"""``humor-train throughput``: windows per second of training, of several networks in one run."""

from __future__ import annotations

import argparse
from pathlib import Path

from .options import add_data, add_device, load_cases, recipe_path


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
    parser = commands.add_parser("throughput", help="training speed of recipes on this machine, side by side")
    parser.add_argument("recipes", type=Path, nargs="+", help="YAML files or names of bundled recipes")
    add_data(parser)
    add_device(parser)
    parser.add_argument("--steps", type=int, default=20, help="steps that are timed")
    parser.add_argument("--window", type=int, default=96, help="edge of the windows, the same for all")
    parser.add_argument("--batch", type=int, default=1)
    parser.set_defaults(run=run, folder=Path("runs") / "throughput")


def run(args: argparse.Namespace) -> None:
    """Print a Markdown table: windows per second, and the share of time spent waiting for data."""
    from dataclasses import replace

    from humor.networks.build import count_macs, count_parameters

    from ..baselines import build_any
    from ..recipe import Stage, read_recipe
    from ..run.processes import make_fabric
    from ..run.speed import WARM_UP, seconds_a_step

    fabric, cases = make_fabric(args.device), load_cases(args)
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
