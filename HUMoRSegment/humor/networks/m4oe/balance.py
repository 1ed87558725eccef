"""Load balance where not every expert may be used."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..ranks import mean_over_ranks


class FairShareLoss(nn.Module):
    """Squared distance of the mean gate from the experts' fair shares, times the experts.

    A sample with m allowed experts owes each of them 1/m of its weight and the others nothing, so a
    missing sequence's expert is never called idle, and a sample with one sequence never unbalanced.
    With all experts allowed this is ``BalanceLoss``. As there, the difference is an exponential moving
    average over steps, and the gradient flows through the current step only.
    """

    excess: Tensor

    def __init__(self, experts: int, decay: float = 0.95) -> None:
        super().__init__()
        self.decay = decay
        self.register_buffer("excess", torch.zeros(experts))

    def forward(self, weights: Tensor, allowed: Tensor) -> Tensor:
        """Scalar loss; the average moves in training only.

        Args:
            weights: ``[B, N, E]``, 0 for experts that are not allowed.
            allowed: ``[B, E]`` bool, at least one in every row.
        """
        fair = allowed.to(weights.dtype) / allowed.sum(dim=1, keepdim=True)
        current = (weights.mean(dim=1) - fair).mean(dim=0)
        if self.training:
            # Not when evaluating: then one process may work alone, and would wait for the others forever.
            current = mean_over_ranks(current)
            self.excess.lerp_(current.detach(), 1.0 - self.decay)
        straight = self.excess.detach() + current - current.detach()
        return len(straight) * straight.square().sum()
