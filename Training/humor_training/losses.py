"""Losses on nested regions, and of a student's gate heads."""

from __future__ import annotations

import torch
from monai.losses import DiceLoss
from torch import Tensor, nn

from humor.networks.prediction import GateWeights


class DiceBce(nn.Module):
    """Soft Dice over the batch plus binary cross-entropy, the mean over WT, TC and ET."""

    def __init__(self) -> None:
        super().__init__()
        # Over the whole batch: a window without a region must not have a Dice of its own.
        self.dice = DiceLoss(sigmoid=True, batch=True, smooth_nr=1.0, smooth_dr=1.0)

    def forward(self, logits: Tensor, regions: Tensor) -> Tensor:
        """Scalar from logits and truth ``[B, 3, D, H, W]``."""
        logits = logits.float()
        return self.dice(logits, regions) + nn.functional.binary_cross_entropy_with_logits(logits, regions)


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
