"""``humor-train export``: a run's network as a bundle with its card."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .gates import FACTS, HEADS
from .options import add_run

if TYPE_CHECKING:
    from torch import nn

    from ..recipe import Recipe


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
    parser = commands.add_parser("export", help="write a run's network as a bundle, with measured Dice")
    parser.add_argument("bundle", type=Path, help="the bundle's folder, made or replaced")
    add_run(parser)
    parser.add_argument("--best", action="store_true", help="the best on held-out cases, not the last")
    parser.add_argument("--title", required=True)
    parser.add_argument("--version", default="1.0")
    parser.add_argument(
        "--kind", choices=("student", "teacher"), help="default: a network with experts is a teacher"
    )
    parser.add_argument("--data-words", default="", help="what it was trained on, for the card")
    parser.add_argument("--cite", nargs="*", default=[], help="what to cite for the data, or 'brats'")
    parser.add_argument("--eight-bit", action="store_true", help="half the size, for teachers")
    parser.add_argument("--min-component-ml", type=float, default=0.0)
    parser.add_argument("--evaluate", type=Path, nargs="*", default=[], help="folders of labelled studies")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Write the bundle; with ``--evaluate`` once more, with its 15-subset tables."""
    import datetime
    from dataclasses import replace

    from humor.bundle.manifest import Manifest
    from humor.networks.unetr import Unetr
    from humor.regions import REGION_KEYS, USUAL_THRESHOLD

    from ..evaluation.evaluate import evaluate, mean_dice
    from ..evaluation.predictors import load_predictor
    from ..export import export_bundle
    from ..provenance import BRATS, CITATIONS, training_facts
    from ..run.chosen_thresholds import read_thresholds
    from ..run.trained import load_trained, read_origin, read_run, run_facts, weights_file

    recipe, state = read_run(args.folder, args.best)
    origin = read_origin(args.folder)
    network, architecture, heads = _with_heads(
        load_trained(args.folder, args.best), recipe, args.folder, origin
    )
    facts = training_facts(run_facts(recipe, state, origin), origin, args.data_words, heads)
    chosen = read_thresholds(args.folder, weights_file(args.folder, args.best))
    if chosen:
        facts["thresholds"] = chosen
    cited = tuple(line for entry in args.cite for line in (BRATS if entry == "brats" else (entry,)))
    manifest = Manifest(
        name=args.bundle.name,
        title=args.title,
        version=args.version,
        kind=args.kind or ("student" if getattr(network, "distilled", False) else "teacher"),
        architecture=architecture,
        window=recipe.stages[-1].largest,
        min_component_ml=args.min_component_ml,
        thresholds=chosen.get("thresholds", dict.fromkeys(REGION_KEYS, USUAL_THRESHOLD)),
        citations=(*cited, *CITATIONS),
        training=facts,
        created=datetime.date.today().isoformat(),
    )
    with_graph = isinstance(network, Unetr) and not network.config.experts
    export_bundle(network, manifest, args.bundle, with_graph, args.eight_bit)
    if args.evaluate:
        predictor, _ = load_predictor(str(args.bundle), "cpu", "auto", "auto", False)
        measured = {folder.name: mean_dice(evaluate(predictor, folder)) for folder in args.evaluate}
        export_bundle(
            network, replace(manifest, validation=measured), args.bundle, with_graph, args.eight_bit
        )
    print(f"{args.bundle} is written.")


def _with_heads(
    network: nn.Module, recipe: Recipe, folder: Path, origin: dict[str, Any]
) -> tuple[nn.Module, dict[str, Any], dict[str, Any]]:
    """The network with fitted gate heads, what builds it, and the facts about the heads.

    A student whose heads were never fitted is built without: it must not show invented routing.
    """
    from ..baselines import build_any
    from ..run.checkpoints import read_checkpoint, read_facts
    from ..run.gate_heads import HEAD

    architecture = dict(recipe.network)
    if (folder / HEADS).exists():
        network.load_state_dict(read_checkpoint(folder / HEADS, ()), strict=False)
        return network, architecture, read_facts(folder / FACTS)
    has_heads = any(HEAD in name for name in network.state_dict())
    if not has_heads or (origin.get("teacher") and recipe.distillation.gates > 0):
        return network, architecture, {}
    architecture["gate_experts"] = 0
    bare = build_any(architecture)
    bare.load_state_dict({k: v for k, v in network.state_dict().items() if HEAD not in k})
    return bare, architecture, {}
