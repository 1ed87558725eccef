"""``humor-train evaluate``: what a model is worth on labelled studies, for all subsets of sequences."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from .options import add_device, add_measures

if TYPE_CHECKING:
    from ..evaluation.subjects import Source


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
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
    parser.add_argument(
        "--mirror", action="store_true", help="take the mean with the mirrored brain's result"
    )
    parser.add_argument("--best", action="store_true", help="of a run: best on held-out cases, not the last")
    parser.add_argument("--resume", action="store_true", help="leave out the studies that are done already")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Measure study by study, then write tables and picture."""
    from ..evaluation.evaluation_folder import evaluate_into
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
