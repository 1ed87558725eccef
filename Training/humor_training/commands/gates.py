"""``humor-train gates``: fit a finished student's gate heads to a teacher's gates."""

from __future__ import annotations

import argparse

from .options import add_data, add_device, add_run, load_cases

HEADS, FACTS = "gate_heads.pt", "gate_heads.json"
"""Files in the student's run folder."""


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
    parser = commands.add_parser("gates", help="fit a finished student's gate heads to a teacher's gates")
    parser.add_argument("teacher", help="the teacher: a run folder or a bundle")
    add_data(parser)
    add_run(parser)
    add_device(parser)
    parser.add_argument("--steps", type=int, default=400)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Fit the heads; they are kept beside the run's checkpoint and used by ``export``."""
    import json

    from ..run.checkpoints import write_whole
    from ..run.gate_heads import fit_gate_heads, head_weights
    from ..run.processes import make_fabric
    from ..run.trained import load_model, load_trained, read_origin, read_run

    fabric = make_fabric(args.device)
    student = load_trained(args.folder).to(fabric.device)
    teacher = load_model(args.teacher)
    recipe, _ = read_run(args.folder)
    learned = set(read_origin(args.folder).get("learned_from", []))
    cases = [case for case in load_cases(args) if not learned or case.name in learned]
    divergence = fit_gate_heads(student, teacher.network.to(fabric.device), recipe, cases, args.steps)
    write_whole(head_weights(student), args.folder / HEADS)
    facts = {"teacher": teacher.facts, "steps": args.steps, "kl_nats": round(divergence, 5)}
    (args.folder / FACTS).write_text(json.dumps(facts, indent=2), encoding="utf-8")
    print(f"KL(teacher ‖ student) per gate and token: {divergence:.5f} nats")
