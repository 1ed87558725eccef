"""``humor-train thresholds``: choose a run's thresholds on its held-out cases."""

from __future__ import annotations

import argparse

from .options import add_data, add_device, add_run, load_cases


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
    parser = commands.add_parser("thresholds", help="choose a run's thresholds on its held-out cases")
    add_data(parser)
    add_run(parser)
    add_device(parser)
    parser.add_argument("--best", action="store_true", help="for the best on held-out cases, not the last")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Choose them over all subsets of sequences; ``evaluate`` and ``export`` use them from then on.

    Raises:
        UsageError: the run held out no case, or one that the data do not have.
    """
    from humor.errors import UsageError

    from ..evaluation.evaluate import subsets_of
    from ..evaluation.predictors import load_predictor
    from ..evaluation.subjects import only, packed_sources
    from ..evaluation.thresholds import ThresholdSweep
    from ..run.chosen_thresholds import write_thresholds
    from ..run.trained import read_origin, weights_file

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
