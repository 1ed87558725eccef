"""Options that several commands share, and what they stand for."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from humor.errors import UsageError

if TYPE_CHECKING:
    from ..data.packed_case import PackedCase
    from ..recipe import Recipe
    from ..run.fit import CaseSplit


UNPACKED = "unpacked"
"""Below the folder of packed cases: their decoded arrays, while a training draws from them."""


def add_recipe(parser: argparse.ArgumentParser) -> None:
    """The recipe, by path or by the name of one that is bundled."""
    parser.add_argument(
        "recipe", type=Path, help="a YAML file, or the name of a bundled recipe, e.g. teacher"
    )


def add_data(parser: argparse.ArgumentParser) -> None:
    """``--data`` and ``--cache``."""
    parser.add_argument(
        "--data", type=Path, required=True, help="folder, CSV or JSON of labelled studies, or a packed folder"
    )
    parser.add_argument(
        "--cache", type=Path, help="folder for packed and unpacked cases (default: beside the run)"
    )


def add_run(parser: argparse.ArgumentParser) -> None:
    """``--run``."""
    parser.add_argument("--run", dest="folder", type=Path, required=True, help="the run's folder")


def add_device(parser: argparse.ArgumentParser) -> None:
    """``--device``."""
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:N or mps")


def add_measures(parser: argparse.ArgumentParser) -> None:
    """What is measured, and for which subsets."""
    parser.add_argument(
        "--metrics", nargs="+", default=[], metavar="NAME", help="which metrics (default: all)"
    )
    parser.add_argument(
        "--subsets",
        choices=("all", "full"),
        default="all",
        help="all subsets of sequences, or only the full set of each study (default: all)",
    )


def add_split(parser: argparse.ArgumentParser) -> None:
    """Which cases are held out: a number by chance (in the recipe), names, or a fold."""
    parser.add_argument("--hold", nargs="+", default=[], metavar="CASE", help="hold out these cases, by name")
    parser.add_argument(
        "--folds", type=int, default=0, help="split the patients into this many folds and hold out one"
    )
    parser.add_argument("--fold", type=int, default=0, help="which fold is held out, from 0")


def recipe_path(path: Path) -> Path:
    """The file of a recipe that was given by path or by name.

    Raises:
        UsageError: there is none.
    """
    if path.exists():
        return path
    bundled = Path(__file__).resolve().parents[1] / "recipes"
    for named in (bundled / f"{path}.yaml", bundled / "history" / f"{path}.yaml"):
        if named.exists():
            return named
    names = ", ".join(sorted(file.stem for file in bundled.glob("*.yaml")))
    raise UsageError(f"{path}: no such recipe. Give a YAML file, or one of {names}.")


def load_cases(args: argparse.Namespace, often: bool = False) -> list[PackedCase]:
    """The cases of ``--data``, packed in ``--cache``; ``often``: drawn many times, so unpacked there too."""
    from ..data.packing import load_packed

    cache = args.cache or args.folder.parent / "cache" / args.data.stem
    return load_packed(args.data, cache, unpacked=cache / UNPACKED if often else None)


def split_cases(args: argparse.Namespace, recipe: Recipe, cases: Sequence[PackedCase]) -> CaseSplit:
    """Cases to learn from and held out, by the options of ``add_split``.

    Raises:
        UsageError: the options contradict each other.
    """
    from ..data.splitting import folds, split, split_by_names
    from ..run.fit import CaseSplit

    if args.hold and args.folds:
        raise UsageError("--hold and --folds both say what is held out: give one of them.")
    if args.hold:
        return CaseSplit(*split_by_names(cases, args.hold))
    if args.folds:
        if not 0 <= args.fold < args.folds:
            raise UsageError(f"--fold must lie between 0 and {args.folds - 1}, not {args.fold}.")
        return CaseSplit(*folds(cases, args.folds, recipe.seed)[args.fold])
    return CaseSplit(*split(cases, recipe.held_out, recipe.seed))
