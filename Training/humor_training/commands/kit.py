"""``humor-train kit``: one folder that trains on a lent machine with a GPU, and nothing of ours."""

from __future__ import annotations

import argparse
from pathlib import Path

from humor.errors import UsageError

from .fit import begin_with
from .options import add_data, add_recipe, add_split, load_cases, recipe_path, split_cases


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
    parser = commands.add_parser("kit", help="a folder that trains on a lent machine: code, cases, start.sh")
    add_recipe(parser)
    parser.add_argument("output", type=Path, help="the folder; it must not be there yet")
    add_data(parser)
    add_split(parser)
    parser.add_argument(
        "--start", help="run folder or bundle of the same network, whose weights to begin with"
    )
    parser.add_argument("--megabytes", type=float, default=60.0, help="the most it may hold, in MiB (60)")
    parser.add_argument("--python", default="3.12", help="the machine's Python, for the wheels (3.12)")
    parser.add_argument("--no-wheels", action="store_true", help="carry no libraries")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Build the kit; say what its parts weigh."""
    import yaml

    from ..kit.build import build_kit
    from ..recipe import read_recipe

    if args.output.exists():
        raise UsageError(f"{args.output} is there already. Give a new folder.")
    path = recipe_path(args.recipe)
    recipe = read_recipe(path)
    args.folder = args.output  # beside which cases are packed
    material = split_cases(args, recipe, load_cases(args))
    start, facts = begin_with(args.start, recipe) if args.start else (None, {})
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    python = None if args.no_wheels else args.python
    told = build_kit(
        args.output, data, material.learning, material.held, start, facts, args.megabytes, python
    )
    tolerance = told.pop("tolerance")
    parts = ", ".join(f"{name} {size:g}" for name, size in told.items())
    print(f"{args.output}: {sum(told.values()):.1f} MiB ({parts}).")
    print(
        f"{len(material.learning)} cases, intensities to {tolerance:g} standard deviations; "
        f"{len(material.held)} held out stay here. There: ./start.sh MINUTES [MINUTES OF ALL CALLS]"
    )
