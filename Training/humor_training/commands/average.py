"""``humor-train average``: one network from the mean weights of several runs."""

from __future__ import annotations

import argparse
from pathlib import Path

from .options import add_run


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "average", help="one network from the mean weights of runs that began with the same weights"
    )
    parser.add_argument("runs", type=Path, nargs="+", help="folders of runs")
    add_run(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """See ``run.averaging.average_runs``."""
    from ..run.averaging import average_runs

    average_runs(args.runs, args.folder)
    print(f"{args.folder} holds the mean of {len(args.runs)} runs.")
