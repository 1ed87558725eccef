"""``humor sample``: write the generated sample study to a folder."""

from __future__ import annotations

import argparse
from typing import Any

from .arguments import given_path
from .terminal import listener_for, say


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "sample",
        help="write the generated sample study to a folder",
        description="Generate a study of an invented patient with a tumour: t1, t1c, t2, flair, true labels.",
    )
    parser.add_argument("output", type=given_path, metavar="OUT", help="folder for the five files")
    parser.add_argument("--seed", type=int, metavar="N", help="another patient for every number")
    parser.add_argument("--json", action="store_true", help="one event a line on stdout, nothing else")


def run(arguments: argparse.Namespace) -> int:
    """Generate and write.

    Raises:
        OutputError: the folder cannot be written to.
    """
    from ..events import Reporter
    from ..sample.patient import DEFAULT_SEED, write_sample

    seed = DEFAULT_SEED if arguments.seed is None else arguments.seed
    reporter = Reporter(listener_for(arguments.json, quiet=False), {"generate": 1.0})
    reporter.stage("generate", "Generating the sample study")
    write_sample(arguments.output, seed)
    folder = arguments.output.absolute()
    reporter.result("Done", output=str(folder), seed=seed)
    if not arguments.json:
        say(f"Sample study {seed}: {folder}")
    return 0
