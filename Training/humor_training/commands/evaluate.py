"""``humor-train evaluate``, ``compare``, ``thresholds`` and ``crossvalidate``: what models are worth."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from .options import add_data, add_device, add_measures, add_recipe, add_run, load_cases

if TYPE_CHECKING:
    from ..evaluation.subjects import Source


def add_parsers(commands: argparse._SubParsersAction) -> None:
    """Add the commands."""
    _add_evaluate(commands)
    _add_compare(commands)
    _add_thresholds(commands)
    _add_crossvalidate(commands)


def _add_evaluate(commands: argparse._SubParsersAction) -> None:
    """The command's options."""
    parser = commands.add_parser(
        "evaluate", help="measure a model on labelled studies, for all 15 subsets of sequences"
    )
    parser.add_argument("model", help="a run's folder, or name or folder of a bundle")
    parser.add_argument("data", type=Path, help="labelled studies that the model has not learned from")
    parser.add_argument("--output", type=Path, help="folder for tables and picture (default: scores/MODEL)")
    add_measures(parser)
    parser.add_argument("--studies", nargs="+", default=[], metavar="NAME", help="only these studies")
    parser.add_argument(
        "--grid",
        choices=("native", "crop"),
        default="native",
        help="native: of the study's own files; crop: of packed cases, 1 mm (default: native)",
    )
    parser.add_argument("--cache", type=Path, help="where packed cases are kept (default: beside the output)")
    add_device(parser)
    parser.add_argument("--window", default="auto", help="auto, whole or the edge of sliding windows")
    parser.add_argument("--precision", choices=("auto", "fp32", "bf16"), default="auto")
    parser.add_argument("--mirror", action="store_true", help="average with the result of the mirrored brain")
    parser.add_argument(
        "--best",
        action="store_true",
        help="of a run: the weights that were best on held-out cases, not the last",
    )
    parser.add_argument("--resume", action="store_true", help="skip studies that are done already")
    parser.set_defaults(run=run_evaluate)


def run_evaluate(args: argparse.Namespace) -> None:
    """Measure study by study, then write tables and picture."""
    from ..evaluation.evaluate import evaluate_into
    from ..evaluation.measures import MEASURES, checked_measures
    from ..evaluation.predictors import load_predictor

    measures = checked_measures(args.metrics or tuple(MEASURES))
    folder = args.output or Path("scores") / Path(args.model).name
    sources = _sources(args, folder)
    predictor, facts = load_predictor(
        args.model, args.device, args.window, args.precision, args.best, args.mirror
    )
    settings = {
        "model": args.model,
        **facts,
        "data": str(args.data),
        "grid": args.grid,
        "window": args.window,
        "precision": args.precision,
        "mirror": str(args.mirror),
    }
    evaluate_into(folder, predictor, sources, measures, args.subsets == "full", settings, args.resume)
    print(f"{folder} holds the tables.")


def _sources(args: argparse.Namespace, folder: Path) -> list[Source]:
    """The studies of ``data``.

    Raises:
        UsageError: a study of ``--studies`` is not among them.
    """
    from humor.errors import UsageError

    from ..data.packing import load_packed
    from ..evaluation.subjects import native_sources, packed_sources

    if args.grid == "crop":
        cache = args.cache or folder.parent / "cache" / args.data.stem
        sources = packed_sources(load_packed(args.data, cache))
    else:
        sources = native_sources(args.data)
    if unknown := sorted(set(args.studies) - {source.name for source in sources}):
        raise UsageError(f"--studies: {args.data} has no study called {', '.join(unknown)}.")
    return [source for source in sources if not args.studies or source.name in args.studies]


def _add_compare(commands: argparse._SubParsersAction) -> None:
    """The command's options."""
    parser = commands.add_parser(
        "compare", help="compare a model with others, study by study, from their scores.csv"
    )
    parser.add_argument("scores", type=Path, help="scores.csv of the model in question")
    parser.add_argument("others", type=Path, nargs="+", help="scores.csv of the models that are subtracted")
    parser.add_argument(
        "--names", nargs="+", default=[], help="names of the models (default: those of their folders)"
    )
    parser.add_argument("--output", type=Path, required=True, help="folder for tables and picture")
    parser.set_defaults(run=run_compare)


def run_compare(args: argparse.Namespace) -> None:
    """Read the tables and write the comparison."""
    from humor.errors import UsageError

    from ..evaluation.comparison import compare, write_comparison
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


def _add_thresholds(commands: argparse._SubParsersAction) -> None:
    """The command's options."""
    parser = commands.add_parser("thresholds", help="choose a run's thresholds on its held-out cases")
    add_data(parser)
    add_run(parser)
    add_device(parser)
    parser.add_argument(
        "--best", action="store_true", help="for the weights that were best on held-out cases, not the last"
    )
    parser.set_defaults(run=run_thresholds)


def run_thresholds(args: argparse.Namespace) -> None:
    """Choose them over all subsets of sequences; ``evaluate`` and ``export`` use them from then on.

    Raises:
        UsageError: the run held out no case, or one that the data do not have.
    """
    from humor.errors import UsageError

    from ..checkpoints.run_folder import read_origin, weights_file, write_thresholds
    from ..evaluation.evaluate import subsets_of
    from ..evaluation.predictors import load_predictor
    from ..evaluation.subjects import only, packed_sources
    from ..evaluation.thresholds import ThresholdSweep

    held_out = read_origin(args.folder).get("held_out", [])
    if not held_out:
        raise UsageError(
            f"{args.folder}: this run held out no case, and thresholds must not be chosen on cases that it "
            "learned from. Hold some out when training: --hold, --folds, or held_out in the recipe."
        )
    cases = [case for case in load_cases(args) if case.name in held_out]
    if missing := sorted(set(held_out) - {case.name for case in cases}):
        raise UsageError(f"--data: {args.data} has no case called {', '.join(missing)}, held out by the run.")
    predictor, _ = load_predictor(str(args.folder), args.device, best=args.best)
    sweep = ThresholdSweep()
    for case, source in zip(cases, packed_sources(cases), strict=True):
        subject = source.load()
        for names in subsets_of(source):
            found = predictor.run(only(subject.case, names))
            sweep.add(case.patient or case.name, found.probabilities, subject.truth)
        print(f"{case.name}: done")
    choice = sweep.best()
    facts = {"thresholds": choice.thresholds, "chosen_on": sorted(held_out), "mean_dice": choice.dice}
    write_thresholds(
        args.folder,
        weights_file(args.folder, args.best),
        {**facts, "mean_dice_at_0.5": choice.usual_dice},
    )
    for key, threshold in choice.thresholds.items():
        print(f"{key}: {threshold:g}, Dice {choice.dice[key]:.3f} (at 0.5: {choice.usual_dice[key]:.3f})")


def _add_crossvalidate(commands: argparse._SubParsersAction) -> None:
    """The command's options."""
    parser = commands.add_parser(
        "crossvalidate", help="train one network per fold of patients and measure all held-out cases"
    )
    add_recipe(parser)
    add_data(parser)
    add_run(parser)
    add_device(parser)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--teacher", help="folder of a teacher's cross-validation with the same folds")
    add_measures(parser)
    parser.set_defaults(run=run_crossvalidate)


def run_crossvalidate(args: argparse.Namespace) -> None:
    """Fit the folds one after the other (finished ones are skipped), then measure all held-out cases."""
    from ..evaluation.measures import MEASURES, checked_measures
    from .fit import run_fit

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
            "upcycle_from": None,
        }
        run_fit(argparse.Namespace(**{**vars(args), **own}))
    _measure(args, measures)


def _measure(args: argparse.Namespace, measures: tuple[str, ...]) -> None:
    """Each case by the network that has not seen it, on packed cases; tables as ``evaluate`` writes them."""
    from ..checkpoints.run_folder import read_origin
    from ..evaluation.evaluate import SCORES, measure, one_line, subsets_of, write_summary
    from ..evaluation.predictors import load_predictor
    from ..evaluation.scores import Score, write_scores
    from ..evaluation.subjects import packed_sources

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
