"""``humor-train``: check and pack data, fit, cross-validate, average, evaluate, compare, export."""

from __future__ import annotations

import argparse
import importlib
import os
import sys

from humor.errors import EXIT_CANCELLED, EXIT_CANNOT_SEGMENT, EXIT_DONE, HumorError

COMMANDS = ("data", "fit", "carry", "models", "evaluate", "pictures", "smoke")
"""Modules of ``humor_training.commands``, in the order in which their commands are shown."""


def main(arguments: list[str] | None = None) -> int:
    """Run a command; the result is the exit code."""
    parser = argparse.ArgumentParser(prog="humor-train", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name in COMMANDS:
        importlib.import_module(f"humor_training.commands.{name}").add_parsers(commands)
    args = parser.parse_args(arguments)
    try:
        args.run(args)
    except HumorError as error:
        return _failed(str(error), error.exit_code)
    except KeyboardInterrupt:
        return _failed("Cancelled.", EXIT_CANCELLED)
    except OSError as error:  # of a file that no part speaks of better
        where = f"{os.fsdecode(error.filename)}: " if error.filename else ""
        return _failed(f"{where}{error.strerror or error}. Check the path, its permissions and the disk.")
    return EXIT_DONE


def _failed(message: str, code: int = EXIT_CANNOT_SEGMENT) -> int:
    print(f"humor-train: {message}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
