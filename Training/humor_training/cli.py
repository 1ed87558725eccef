"""``humor-train``: fit a network, fit a student's gate heads, export a bundle, evaluate a bundle."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from humor.errors import EXIT_DONE, HumorError, InputError

if TYPE_CHECKING:
    from torch import nn

    from .data.packing import LabelledCase
    from .fit import Training

RUN_RECIPE = "recipe.yaml"


def main(arguments: list[str] | None = None) -> int:
    """Run a command; the result is the exit code."""
    args = _parser().parse_args(arguments)
    try:
        args.run(args)
    except HumorError as error:
        print(f"humor-train: {error}", file=sys.stderr)
        return error.exit_code
    return EXIT_DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="humor-train", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    fit = commands.add_parser("fit", help="train a network; goes on where an earlier call stopped")
    fit.add_argument("recipe", type=Path, help="a YAML file, see humor_training/recipes")
    _add_data(fit)
    fit.add_argument("--device", default="cpu", help="cpu, cuda, cuda:N or mps")
    fit.set_defaults(run=_fit)

    gates = commands.add_parser("gates", help="fit a trained student's gate heads to a trained teacher")
    gates.add_argument("teacher", type=Path, help="the teacher's run folder")
    _add_data(gates)
    gates.add_argument("--steps", type=int, default=400)
    gates.set_defaults(run=_gates)

    export = commands.add_parser("export", help="write a run's network as a bundle, with measured Dice")
    export.add_argument("bundle", type=Path, help="the bundle's folder, made or replaced")
    _add_data(export)
    export.add_argument("--title", required=True)
    export.add_argument("--kind", choices=("student", "teacher"), default="student")
    export.add_argument("--min-component-ml", type=float, default=0.0)
    export.add_argument("--evaluate", type=Path, nargs="*", default=[], help="folders of labelled studies")
    export.set_defaults(run=_export)

    evaluate = commands.add_parser("evaluate", help="Dice of a bundle on every subset of sequences")
    evaluate.add_argument("bundle", help="a name from 'humor models', or a folder")
    evaluate.add_argument("data", type=Path, help="a folder of study folders with labels")
    evaluate.add_argument("--csv", type=Path, help="write every single figure here")
    evaluate.set_defaults(run=_evaluate)
    return parser


def _add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, help="a folder of study folders with labels")
    parser.add_argument("--run", dest="folder", type=Path, required=True, help="the run's folder")


def _cases(args: argparse.Namespace) -> list[LabelledCase]:
    from .data.packing import load_packed

    return load_packed(args.data, args.folder.parent / "cache" / args.data.name)


def _fit(args: argparse.Namespace) -> None:
    import torch

    from humor.inference.devices import resolve_device

    from .fit import fit
    from .recipe import read_recipe

    recipe = read_recipe(args.recipe)
    device = torch.device(resolve_device(args.device).torch_name)
    args.folder.mkdir(parents=True, exist_ok=True)
    # A copy in the run's folder: the other commands must build what was trained.
    (args.folder / RUN_RECIPE).write_bytes(args.recipe.read_bytes())
    fit(recipe, _cases(args), args.folder, device)


def _trained(folder: Path) -> Training:
    """The training in a run's folder as it stands."""
    import torch

    from .fit import Training
    from .recipe import read_recipe

    checkpoint = folder / "checkpoint.pt"
    if not checkpoint.exists():
        raise InputError(f"{folder}: no checkpoint.pt in it. Train first: humor-train fit --run {folder} ...")
    training = Training(read_recipe(folder / RUN_RECIPE), torch.device("cpu"))
    training.load(checkpoint)
    return training


def _gates(args: argparse.Namespace) -> None:
    import json

    import torch

    from .fit import split
    from .gate_distillation import fit_gate_heads

    student, teacher = _trained(args.folder), _trained(args.teacher)
    recipe = student.recipe
    learning, _ = split(_cases(args), recipe.held_out, recipe.seed)
    log = args.folder / "gates.csv"
    divergence = fit_gate_heads(student.average, teacher.average, recipe, learning, args.steps, log)
    heads = {name: tensor for name, tensor in student.average.state_dict().items() if "gate_head" in name}
    torch.save(heads, args.folder / "gate_heads.pt")
    facts = {
        "teacher_steps": teacher.step,
        "teacher_hours": round(teacher.seconds / 3600, 2),
        "teacher_recipe": teacher.recipe.facts(),
        "steps": args.steps,
        "kl_nats": round(divergence, 5),
    }
    (args.folder / "gate_heads.json").write_text(json.dumps(facts, indent=2), encoding="utf-8")
    print(f"KL(teacher ‖ student) per gate and token: {divergence:.5f} nats")


def _network(training: Training, folder: Path) -> tuple[nn.Module, dict[str, object]]:
    """The averaged network with its fitted gate heads, and the facts about them.

    A student whose heads were never fitted is built without: it must not show invented routing.
    """
    import json

    import torch

    from humor.networks.build import build

    heads = folder / "gate_heads.pt"
    if heads.exists():
        training.average.load_state_dict(torch.load(heads, weights_only=True), strict=False)
        return training.average, json.loads((folder / "gate_heads.json").read_text(encoding="utf-8"))
    if not any("gate_head" in name for name in training.average.state_dict()):
        return training.average, {}
    training.recipe.network["gate_experts"] = 0
    bare = build(training.recipe.network)
    bare.load_state_dict({k: v for k, v in training.average.state_dict().items() if "gate_head" not in k})
    return bare, {}


def _export(args: argparse.Namespace) -> None:
    import datetime

    from humor.bundle.manifest import Manifest
    from humor.inference.segmenter import Segmenter

    from .evaluation.evaluate import evaluate, mean_dice
    from .export import export_bundle
    from .fit import split
    from .provenance import CITATIONS, training_facts

    training = _trained(args.folder)
    network, heads = _network(training, args.folder)
    learning, held = split(_cases(args), training.recipe.held_out, training.recipe.seed)
    facts = training_facts(training, learning, held)
    if heads:
        facts["gate_heads"] = heads
    manifest = Manifest(
        name=args.bundle.name,
        title=args.title,
        kind=args.kind,
        architecture=training.recipe.network,
        window=training.recipe.stages[0].window,
        min_component_ml=args.min_component_ml,
        citations=CITATIONS,
        training=facts,
        created=datetime.date.today().isoformat(),
    )
    with_graph = args.kind == "student"
    bundle = export_bundle(network, manifest, args.bundle, with_graph)
    if args.evaluate:
        segmenter = Segmenter(bundle, device="cpu")
        measured = {folder.name: mean_dice(evaluate(segmenter, folder)) for folder in args.evaluate}
        export_bundle(network, replace(manifest, validation=measured), args.bundle, with_graph)
    print(f"{args.bundle} is written.")


def _evaluate(args: argparse.Namespace) -> None:
    from humor.bundle.find import find_bundle
    from humor.bundle.load import load_bundle
    from humor.inference.segmenter import Segmenter

    from .evaluation.evaluate import evaluate, mean_dice, write_scores

    scores = evaluate(Segmenter(load_bundle(find_bundle(args.bundle)), device="cpu"), args.data)
    if args.csv:
        write_scores(args.csv, scores)
    print("| subset | WT | TC | ET |\n|---|---|---|---|")
    for subset, row in mean_dice(scores).items():
        cells = ["–" if value is None else f"{value:.3f}" for value in row.values()]
        print(f"| {subset} | {' | '.join(cells)} |")


if __name__ == "__main__":
    sys.exit(main())
