"""``humor-train carry``: a run in files of less than 16 MB, to go on with it on another machine."""

from __future__ import annotations

import argparse
from pathlib import Path

from humor.errors import UsageError


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "carry", help="a run in files of less than 16 MB; 'fit --run' goes on from them elsewhere"
    )
    parser.add_argument("run_folder", type=Path, metavar="RUN", help="folder of 'humor-train fit'")
    parser.add_argument("output", type=Path, help="another folder; it becomes a run's folder")
    parser.add_argument(
        "--weights-only",
        action="store_true",
        help="the averaged weights without the optimiser's state: two fifths of the size, for safe keeping",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Write the checkpoint's pieces and the run's tables; say what they weigh."""
    import shutil

    from ..monitoring.tables import HELD_OUT, LOSSES
    from ..run.files import ORIGIN, RECIPE
    from ..run.pieces import write_pieces
    from ..run.trained import read_run

    if args.output.resolve() == args.run_folder.resolve():
        raise UsageError(f"{args.output} is the run itself. Give another folder.")
    _, state = read_run(args.run_folder)
    files = write_pieces(state, args.output, args.weights_only)
    for name in (RECIPE, ORIGIN, LOSSES.name, HELD_OUT.name):
        if (args.run_folder / name).exists():
            shutil.copy2(args.run_folder / name, args.output / name)
    size = sum(path.stat().st_size for path in files) / 1e6
    print(f"{args.output}: step {state['step']} in {len(files)} pieces, {size:.1f} MB.")
