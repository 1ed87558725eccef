"""``humor-train average``, ``gates`` and ``export``: what is made of finished runs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .options import add_data, add_device, add_run, load_cases

if TYPE_CHECKING:
    from torch import nn

    from ..recipe import Recipe


def add_parsers(commands: argparse._SubParsersAction) -> None:
    """Add the commands."""
    _add_average(commands)
    _add_gates(commands)
    _add_export(commands)


def _add_export(commands: argparse._SubParsersAction) -> None:
    """The command's options."""
    parser = commands.add_parser("export", help="write a run's network as a bundle, with measured Dice")
    parser.add_argument("bundle", type=Path, help="the bundle's folder, made or replaced")
    add_run(parser)
    parser.add_argument(
        "--best", action="store_true", help="the weights that were best on held-out cases, not the last"
    )
    parser.add_argument("--title", required=True)
    parser.add_argument("--version", default="1.0")
    parser.add_argument(
        "--kind", choices=("student", "teacher"), help="default: a network with experts is a teacher"
    )
    parser.add_argument("--data-words", default="", help="what it was trained on, for the card")
    parser.add_argument("--cite", nargs="*", default=[], help="what to cite for the data, or 'brats'")
    parser.add_argument(
        "--eight-bit", action="store_true", help="store weights in 8 bits: half the size, for teachers"
    )
    parser.add_argument("--min-component-ml", type=float, default=0.0)
    parser.add_argument("--evaluate", type=Path, nargs="*", default=[], help="folders of labelled studies")
    parser.set_defaults(run=run_export)


def run_export(args: argparse.Namespace) -> None:
    """Write the bundle; with ``--evaluate`` once more, with its 15-subset tables."""
    import datetime
    from dataclasses import replace

    from humor.bundle.manifest import Manifest
    from humor.networks.unetr import Unetr
    from humor.regions import REGION_KEYS, USUAL_THRESHOLD

    from ..checkpoints.run_folder import (
        load_trained,
        read_origin,
        read_run,
        read_thresholds,
        run_metadata,
        weights_file,
    )
    from ..evaluation.evaluate import evaluate, mean_dice
    from ..evaluation.predictors import load_predictor
    from ..export import export_bundle
    from ..provenance import BRATS, CITATIONS, training_metadata

    recipe, state = read_run(args.folder, args.best)
    origin = read_origin(args.folder)
    network, architecture, heads = _with_heads(
        load_trained(args.folder, args.best), recipe, args.folder, origin
    )
    metadata = training_metadata(run_metadata(recipe, state, origin), origin, args.data_words, heads)
    chosen = read_thresholds(args.folder, weights_file(args.folder, args.best))
    if chosen:
        metadata["thresholds"] = chosen
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
        training=metadata,
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
    """The network with fitted gate heads, what builds it, and the metadata about the heads.

    A student whose heads were never fitted is built without: it must not show invented routing.
    """
    from ..baselines import build_any
    from ..checkpoints.run_folder import read_checkpoint, read_metadata
    from ..run.gate_heads import HEAD

    architecture = dict(recipe.network)
    if (folder / HEADS).exists():
        network.load_state_dict(read_checkpoint(folder / HEADS, ()), strict=False)
        return network, architecture, read_metadata(folder / FACTS)
    has_heads = any(HEAD in name for name in network.state_dict())
    if not has_heads or (origin.get("teacher") and recipe.distillation.gates > 0):
        return network, architecture, {}
    architecture["gate_experts"] = 0
    bare = build_any(architecture)
    bare.load_state_dict({k: v for k, v in network.state_dict().items() if HEAD not in k})
    return bare, architecture, {}


def _add_average(commands: argparse._SubParsersAction) -> None:
    """The command's options."""
    parser = commands.add_parser(
        "average", help="average the weights of runs that started from the same weights (model soup)"
    )
    parser.add_argument("runs", type=Path, nargs="+", help="folders of runs")
    add_run(parser)
    parser.set_defaults(run=run_average)


def run_average(args: argparse.Namespace) -> None:
    """See ``checkpoints.model_soup.average_runs``."""
    from ..checkpoints.model_soup import average_runs

    average_runs(args.runs, args.folder)
    print(f"{args.folder} holds the mean of {len(args.runs)} runs.")


HEADS, FACTS = "gate_heads.pt", "gate_heads.json"
"""Files in the student's run folder."""


def _add_gates(commands: argparse._SubParsersAction) -> None:
    """The command's options."""
    parser = commands.add_parser("gates", help="fit a finished student's gate heads to a teacher's gates")
    parser.add_argument("teacher", help="the teacher: a run folder or a bundle")
    add_data(parser)
    add_run(parser)
    add_device(parser)
    parser.add_argument("--steps", type=int, default=400)
    parser.set_defaults(run=run_gates)


def run_gates(args: argparse.Namespace) -> None:
    """Fit the heads; they are kept beside the run's checkpoint and used by ``export``."""
    import json

    from ..checkpoints.run_folder import load_model, load_trained, read_origin, read_run, write_whole
    from ..run.gate_heads import fit_gate_heads, head_weights
    from ..run.processes import make_fabric

    fabric = make_fabric(args.device)
    student = load_trained(args.folder).to(fabric.device)
    teacher = load_model(args.teacher)
    recipe, _ = read_run(args.folder)
    learned = set(read_origin(args.folder).get("learned_from", []))
    cases = [case for case in load_cases(args, often=True) if not learned or case.name in learned]
    divergence = fit_gate_heads(student, teacher.network.to(fabric.device), recipe, cases, args.steps)
    write_whole(head_weights(student), args.folder / HEADS)
    metadata = {"teacher": teacher.metadata, "steps": args.steps, "kl_nats": round(divergence, 5)}
    (args.folder / FACTS).write_text(json.dumps(metadata, indent=2), encoding="utf-8")
    print(f"KL(teacher ‖ student) per gate and token: {divergence:.5f} nats")
