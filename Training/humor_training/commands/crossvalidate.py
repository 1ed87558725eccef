"""``humor-train crossvalidate``: every case is held out once; the measure for choices."""

from __future__ import annotations

import argparse
from pathlib import Path

from .options import add_data, add_device, add_measures, add_recipe, add_run, load_cases


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
    add_measures(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Fit the folds one after the other (finished ones are skipped), then measure all held-out cases."""
    from ..evaluation.measures import MEASURES, checked_measures
    from . import fit

    measures = checked_measures(args.metrics or tuple(MEASURES))
    args.cache = args.cache or args.folder.parent / "cache" / args.data.stem
    for fold in range(args.folds):
        folder = args.folder / f"fold{fold}"
        teacher = str(Path(args.teacher) / folder.name) if args.teacher else None
        print(f"fold {fold + 1} of {args.folds}", flush=True)
        own = {
            "minutes": None,
            "schedule_minutes": None,
            "folder": folder,
            "fold": fold,
            "teacher": teacher,
            "hold": [],
            "start": None,
            "grow_from": None,
        }
        fit.run(argparse.Namespace(**{**vars(args), **own}))
    _measure(args, measures)


def _measure(args: argparse.Namespace, measures: tuple[str, ...]) -> None:
    """Each case by the network that has not seen it, on packed cases; tables as ``evaluate`` writes them."""
    from ..evaluation.evaluate import measure, one_line, subsets_of
    from ..evaluation.evaluation_folder import SCORES, write_summary
    from ..evaluation.predictors import load_predictor
    from ..evaluation.scores import Score, write_scores
    from ..evaluation.subjects import packed_sources
    from ..run.trained import read_origin

    sources = {source.name: source for source in packed_sources(load_cases(args))}
    scores: list[Score] = []
    for fold in range(args.folds):
        folder = args.folder / f"fold{fold}"
        predictor, _ = load_predictor(str(folder), args.device, "auto", "auto", False)
        for name in read_origin(folder)["held_out"]:
            subsets = subsets_of(sources[name], args.subsets == "full")
            rows = measure(predictor, sources[name].load(), subsets, measures)
            print(f"fold {fold + 1}, {one_line(rows)}", flush=True)
            scores += rows
    write_scores(args.folder / SCORES, scores, measures)
    facts = {"model": str(args.recipe), "data": str(args.data), "folds": str(args.folds)}
    write_summary(args.folder, scores, facts)
    print(f"{args.folder} holds the tables.")
