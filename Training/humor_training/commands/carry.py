"""``humor-train carry`` and ``kit``: go on, or begin, on another machine."""

from __future__ import annotations

import argparse
from pathlib import Path

from humor.errors import UsageError

from .fit import begin_with
from .options import add_data, add_recipe, add_split, load_cases, recipe_path, split_cases


def add_parsers(commands: argparse._SubParsersAction) -> None:
    """Add the commands."""
    _add_carry(commands)
    _add_kit(commands)


def _add_carry(commands: argparse._SubParsersAction) -> None:
    """The command's options."""
    parser = commands.add_parser(
        "carry", help="write a run as files of less than 16 MB, from which 'fit --run' continues elsewhere"
    )
    parser.add_argument("run_folder", type=Path, metavar="RUN", help="folder of 'humor-train fit'")
    parser.add_argument("output", type=Path, help="a new folder, which 'fit --run' accepts")
    parser.add_argument(
        "--weights-only",
        action="store_true",
        help="the averaged weights without the optimiser's state: two fifths of the size, for a backup",
    )
    parser.set_defaults(run=run_carry)


def run_carry(args: argparse.Namespace) -> None:
    """Write the checkpoint's shards and the run's tables; say what they weigh."""
    import shutil

    from ..checkpoints import ORIGIN, RECIPE
    from ..checkpoints.run_folder import read_run
    from ..checkpoints.shards import write_shards
    from ..monitoring.tables import HELD_OUT, LOSSES

    if args.output.resolve() == args.run_folder.resolve():
        raise UsageError(f"{args.output} is the run itself. Give another folder.")
    _, state = read_run(args.run_folder)
    files = write_shards(state, args.output, args.weights_only)
    for name in (RECIPE, ORIGIN, LOSSES.name, HELD_OUT.name):
        if (args.run_folder / name).exists():
            shutil.copy2(args.run_folder / name, args.output / name)
    size = sum(path.stat().st_size for path in files) / 1e6
    print(f"{args.output}: step {state['step']} in {len(files)} files, {size:.1f} MB.")


def _add_kit(commands: argparse._SubParsersAction) -> None:
    """The command's options."""
    parser = commands.add_parser(
        "kit", help="make a folder that trains on a borrowed machine: code, cases, start.sh"
    )
    add_recipe(parser)
    parser.add_argument("output", type=Path, help="the folder; it must not be there yet")
    add_data(parser)
    add_split(parser)
    parser.add_argument(
        "--start", help="run folder or bundle of the same network whose weights to start from"
    )
    parser.add_argument(
        "--megabytes", type=float, default=60.0, help="largest size of the folder in MiB (60)"
    )
    parser.add_argument(
        "--python", default="3.12", help="Python version of that machine, for the wheels (3.12)"
    )
    parser.add_argument("--no-wheels", action="store_true", help="include no libraries")
    parser.set_defaults(run=run_kit)


def run_kit(args: argparse.Namespace) -> None:
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
    start, metadata = begin_with(args.start, recipe) if args.start else (None, {})
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    python = None if args.no_wheels else args.python
    told = build_kit(
        args.output, data, material.learning, material.held, start, metadata, args.megabytes, python
    )
    tolerance = told.pop("tolerance")
    parts = ", ".join(f"{name} {size:g}" for name, size in told.items())
    print(f"{args.output}: {sum(told.values()):.1f} MiB ({parts}).")
    print(
        f"{len(material.learning)} cases, intensities to {tolerance:g} standard deviations; "
        f"{len(material.held)} held out stay here. There: ./start.sh MINUTES [MINUTES OF ALL CALLS]"
    )
