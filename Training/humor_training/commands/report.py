"""``humor-train report``: the page of a training, finished or not."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
    parser = commands.add_parser("report", help="write a training's report.html: curves, gates, samples")
    parser.add_argument("folder", type=Path, metavar="RUN", help="the run's folder")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Write the page into the run's folder."""
    from ..monitoring.page import write_page

    print(f"{write_page(args.folder)} is written.")
