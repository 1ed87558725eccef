"""Losses on gates: a student's gate heads against its teacher's gates."""

from __future__ import annotations

import torch
from torch import Tensor

from humor.networks.prediction import GateWeights


def gate_divergence(student: list[GateWeights], teacher: list[GateWeights]) -> Tensor:
    """Mean over gates and tokens of ``KL(teacher ‖ student)``; both lists in the same order.

    Raises:
        ValueError: the two networks do not have the same gates.
    """
    if [gate.name for gate in student] != [gate.name for gate in teacher]:
        raise ValueError("the student's gate heads and the teacher's gates differ in name or number")
    terms = []
    for guess, target in zip(student, teacher, strict=True):
        truth = target.weights.float().expand_as(guess.weights)
        ratio = (truth.clamp_min(1e-8) / guess.weights.float().clamp_min(1e-8)).log()
        terms.append((truth * ratio).sum(dim=1).mean())
    return torch.stack(terms).mean()
