"""Losses on gates and experts: imitation of a teacher's gates, decisiveness, difference of experts."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from humor.networks.experts import ExpertMlps
from humor.networks.prediction import GateWeights

SMALLEST = 1e-8


def gate_divergence(student: list[GateWeights], teacher: list[GateWeights]) -> Tensor:
    """Mean over gates and tokens of ``KL(teacher ‖ student)`` in nats; both lists in the same order.

    Raises:
        ValueError: the two networks do not have the same gates.
    """
    if [gate.name for gate in student] != [gate.name for gate in teacher]:
        raise ValueError("the student's gate heads and the teacher's gates differ in name or number")
    terms = []
    for guess, target in zip(student, teacher, strict=True):
        truth = target.weights.float().expand_as(guess.weights)
        ratio = (truth.clamp_min(SMALLEST) / guess.weights.float().clamp_min(SMALLEST)).log()
        terms.append((truth * ratio).sum(dim=1).mean())
    return torch.stack(terms).mean()


def gate_entropy(gates: list[GateWeights]) -> Tensor:
    """Mean entropy of a gate's decision, divided by that of a uniform one: 0 sure, 1 undecided.

    Minimised beside a balance loss it asks each token to choose, and all experts to be chosen.
    """
    terms = []
    for gate in gates:
        weights = gate.weights.float().clamp_min(SMALLEST)
        limit = torch.log(torch.tensor(float(len(gate.experts))))
        terms.append(-(weights * weights.log()).sum(dim=1).mean() / limit)
    return torch.stack(terms).mean()


def expert_overlap(network: nn.Module) -> Tensor | None:
    """Mean squared cosine between the first layers of different experts of a bank; None without banks.

    0 when experts look at orthogonal directions (an orthogonality term as in arXiv 2310.09762).
    """
    terms = []
    for bank in network.modules():
        if not isinstance(bank, ExpertMlps) or bank.experts < 2:
            continue
        rows = torch.stack([part.flatten() for part in bank.expand.weight.chunk(bank.experts)])
        rows = nn.functional.normalize(rows, dim=1)
        cosines = rows @ rows.T
        others = ~torch.eye(bank.experts, dtype=torch.bool, device=cosines.device)
        terms.append(cosines[others].square().mean())
    return torch.stack(terms).mean() if terms else None
