"""``humor-train``: check and pack data, fit, cross-validate, average, evaluate, compare, export."""

from __future__ import annotations

import argparse
import importlib
import sys

from humor.errors import EXIT_DONE, HumorError

COMMANDS = (
    "check",
    "pack",
    "fit",
    "carry",
    "kit",
    "crossvalidate",
    "average",
    "gates",
    "thresholds",
    "evaluate",
    "compare",
    "export",
    "report",
    "throughput",
    "pictures",
    "smoke",
)
"""Modules of ``humor_training.commands``, in the order in which they are used and shown."""


def main(arguments: list[str] | None = None) -> int:
    """Run a command; the result is the exit code."""
    parser = argparse.ArgumentParser(prog="humor-train", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name in COMMANDS:
        importlib.import_module(f"humor_training.commands.{name}").add_parser(commands)
    args = parser.parse_args(arguments)
    try:
        args.run(args)
    except HumorError as error:
        print(f"humor-train: {error}", file=sys.stderr)
        return error.exit_code
    return EXIT_DONE


if __name__ == "__main__":
    sys.exit(main())
