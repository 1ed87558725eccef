"""Fitting a student's gate heads to its teacher's gates, with everything else of it frozen.

The heads read the student's tokens and pass no gradient back, so they can be fitted last, on a
student that is otherwise finished, and cannot cost it accuracy.
"""

from __future__ import annotations

import csv
from pathlib import Path

import torch
from torch import nn

from .data.packing import LabelledCase
from .fit import make_batch
from .losses.gates import gate_divergence
from .recipe import Recipe

LEARNING_RATE = 2e-3  # linear heads only


def fit_gate_heads(
    student: nn.Module,
    teacher: nn.Module,
    recipe: Recipe,
    cases: list[LabelledCase],
    steps: int,
    log: Path,
) -> float:
    """Fit the heads of ``student`` in place, on the windows of ``recipe``'s last stage.

    Returns:
        The mean divergence KL(teacher ‖ student) of the last tenth of the steps, in nats.

    Raises:
        ValueError: the student has no gate heads.
    """
    heads = [parameter for name, parameter in student.named_parameters() if "gate_head" in name]
    if not heads:
        raise ValueError("this student has no gate heads (gate_experts is 0)")
    student.requires_grad_(False).eval()
    teacher.requires_grad_(False).eval()
    for head in heads:
        head.requires_grad_(True)
    optimiser = torch.optim.Adam(heads, LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    history: list[float] = []
    with log.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        for step in range(steps):
            image, _, flags = make_batch(cases, recipe.stages[-1], recipe, step)
            with torch.autocast(image.device.type, torch.bfloat16):
                with torch.no_grad():
                    target = teacher.route(image, flags)
                guess = student.route(image, flags)
            loss = gate_divergence(guess, target)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            history.append(float(loss.detach()))
            writer.writerow([step, round(history[-1], 6)])
            if step % 20 == 0:
                print(f"gate heads, step {step}: KL {history[-1]:.5f}", flush=True)
    last = history[-max(1, steps // 10) :]
    return sum(last) / len(last)
