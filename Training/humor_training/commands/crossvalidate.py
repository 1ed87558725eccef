"""``humor-train crossvalidate``: every case is held out once; the measure for choices."""

from __future__ import annotations

import argparse
from pathlib import Path

from .options import add_data, add_device, add_recipe, add_run


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "crossvalidate", help="train one network per fold of patients and measure all held-out cases"
    )
    add_recipe(parser)
    add_data(parser)
    add_run(parser)
    add_device(parser)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--teacher", help="cross-validation's run folder of a teacher: fold by fold the same")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Fit the folds one after the other (finished ones are skipped), then evaluate."""
    from . import fit

    for fold in range(args.folds):
        folder = args.folder / f"fold{fold}"
        teacher = str(Path(args.teacher) / folder.name) if args.teacher else None
        chosen = argparse.Namespace(
            recipe=args.recipe,
            data=args.data,
            cache=args.cache or args.folder.parent / "cache" / args.data.stem,
            folder=folder,
            device=args.device,
            hold=[],
            folds=args.folds,
            fold=fold,
            teacher=teacher,
            start=None,
            grow_from=None,
        )
        print(f"fold {fold + 1} of {args.folds}", flush=True)
        fit.run(chosen)
