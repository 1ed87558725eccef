"""Fitting a finished student's gate heads to its teacher's gates, everything else of it frozen.

The heads read the student's tokens and pass no gradient back, so they can be fitted last and cannot
cost accuracy. (A distillation with ``gates`` above 0 fits them along the way.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn

from humor.errors import InputError

from ..data.labelled_case import LabelledCase
from ..losses.auxiliary import gate_divergence
from ..recipe import Recipe
from .batches import make_batch

LEARNING_RATE = 2e-3  # linear heads only
HEAD = "gate_head"


def fit_gate_heads(
    student: Any,
    teacher: Any,
    recipe: Recipe,
    cases: Sequence[LabelledCase],
    steps: int,
    tell: Callable[[str], None] = print,
) -> float:
    """Fit the heads of ``student`` in place, on the windows of ``recipe``'s last stage.

    Args:
        student: a UNETR without experts, with gate heads.
        teacher: one with as many gates and experts.
        recipe: the student's; chance comes from its seed.
        cases: to learn from.
        steps: of Adam.
        tell: is given a line now and then.

    Returns:
        The mean divergence KL(teacher ‖ student) of the last tenth of the steps, in nats.

    Raises:
        InputError: the student has no gate heads, or the teacher other gates.
    """
    heads = [parameter for name, parameter in student.named_parameters() if HEAD in name]
    if not heads:
        raise InputError("This student has no gate heads (gate_experts is 0 in its recipe).")
    student.requires_grad_(False).eval()
    teacher.requires_grad_(False).eval()
    for head in heads:
        head.requires_grad_(True)
    optimiser = torch.optim.Adam(heads, LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    device = heads[0].device
    history: list[float] = []
    for step in range(steps):
        # Steps from the recipe's end on: its last stage's windows, none of which were seen before.
        batch = make_batch(cases, recipe, recipe.steps + step, device=device)
        with torch.autocast(device.type, torch.bfloat16):
            with torch.no_grad():
                target = teacher.route(batch.image, batch.available)
            guess = student.route(batch.image, batch.available)
        try:
            loss = gate_divergence(guess, target)
        except (ValueError, RuntimeError) as problem:
            raise InputError(f"This teacher's gates do not fit the student's heads: {problem}.") from problem
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        history.append(float(loss.detach()))
        if step % 20 == 0:
            tell(f"gate heads, step {step}: KL {history[-1]:.5f}")
    last = history[-max(1, steps // 10) :]
    return sum(last) / len(last)


def head_weights(student: nn.Module) -> dict[str, torch.Tensor]:
    """The heads' part of a student's state."""
    return {name: tensor for name, tensor in student.state_dict().items() if HEAD in name}
