"""``humor-train compare``: models side by side, from the tables that ``evaluate`` wrote."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "compare", help="differences between a model and others, study by study, from their scores.csv"
    )
    parser.add_argument("scores", type=Path, help="scores.csv of the model in question")
    parser.add_argument("others", type=Path, nargs="+", help="scores.csv of the models that are subtracted")
    parser.add_argument("--names", nargs="+", default=[], help="of the models (default: their folders')")
    parser.add_argument("--output", type=Path, required=True, help="folder for tables and picture")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Read the tables and write the comparison."""
    from humor.errors import UsageError

    from ..evaluation.comparison import compare
    from ..evaluation.comparison_folder import write_comparison
    from ..evaluation.scores import read_scores

    paths = [args.scores, *args.others]
    names = args.names or model_names(paths)
    if len(names) != len(paths) or len(set(names)) != len(names):
        raise UsageError(f"--names: {len(paths)} different names are needed, one per table.")
    models = {name: read_scores(path) for name, path in zip(names, paths, strict=True)}
    write_comparison(args.output, compare(models))
    print(f"{args.output} holds the comparison.")


def model_names(paths: list[Path]) -> list[str]:
    """Names of the tables' folders, or their whole paths where folders are called alike."""
    names = [path.resolve().parent.name for path in paths]
    return names if len(set(names)) == len(names) else [str(path) for path in paths]
