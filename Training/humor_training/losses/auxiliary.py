"""Terms beside the segmentation loss: imitation of a teacher and its gates, gates, experts, monotonicity."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from humor.networks.experts import ExpertMlps
from humor.networks.prediction import GateWeights


def soft_target_loss(student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """``T² · KL(σ(teacher/T) ‖ σ(student/T))``, the mean over voxels and regions, in nats.

    Regions are nested, not exclusive, so each is a distribution over two outcomes. ``T²`` keeps the
    size of the gradient when T changes (Hinton et al. 2015, arXiv 1503.02531).

    Args:
        student: logits ``[B, 3, D, H, W]``.
        teacher: logits of the same shape, without gradient.
        temperature: T; above 1 the teacher's small probabilities count more.
    """
    guess, target = student.float() / temperature, teacher.float() / temperature
    probability = target.sigmoid()
    log_ratio_in = nn.functional.logsigmoid(target) - nn.functional.logsigmoid(guess)
    log_ratio_out = nn.functional.logsigmoid(-target) - nn.functional.logsigmoid(-guess)
    divergence = probability * log_ratio_in + (1.0 - probability) * log_ratio_out
    return temperature**2 * torch.mean(divergence)


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


def sequences_in(image: Tensor) -> Tensor:
    """Flags ``[B, 4]``: which channels of ``image [B, 4, D, H, W]`` hold anything."""
    return image.flatten(2).abs().amax(dim=2) > 0


def superset(available: Tensor, present: Tensor, step: int) -> Tensor:
    """``available`` with one more of the present sequences, going through them with ``step``.

    Args:
        available: flags ``[B, 4]`` of what the network was given.
        present: flags ``[B, 4]`` of what there is.
        step: any number; the same step gives the same choice.

    Returns:
        flags ``[B, 4]``; unchanged for a sample that was given everything.
    """
    more = available.clone()
    for row, (given, held) in enumerate(zip(available, present, strict=True)):
        missing = torch.nonzero(held & ~given).flatten()
        if len(missing):
            more[row, missing[step % len(missing)]] = True
    return more


def monotonicity_loss(with_more: Tensor, with_fewer: Tensor) -> Tensor:
    """``max(0, L(more sequences) − L(fewer sequences))`` (SimMLM, arXiv 2507.19264).

    The gradient goes through the first term only: the way to satisfy it must not be to get worse on
    the smaller subset.
    """
    return torch.relu(with_more - with_fewer.detach())
