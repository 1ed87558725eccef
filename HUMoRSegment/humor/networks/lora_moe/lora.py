"""Low-rank adaptation of frozen linear layers (LoRA, arXiv 2106.09685)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class LowRank(nn.Module):
    """A bank of updates ``ΔW x = (alpha / rank) · B · A · x``, all zero at the start because B is.

    Args:
        inside: channels of ``x``.
        outside: channels of the result.
        rank: rows of A.
        alpha: strength of the update, independent of the rank.
        count: updates in the bank, e.g. one per expert.
    """

    def __init__(self, inside: int, outside: int, rank: int, alpha: float, count: int = 1) -> None:
        super().__init__()
        # One tensor for all experts: one that no token chose still has a gradient (of zeros).
        self.down = nn.Parameter(torch.empty(count, rank, inside))
        self.up = nn.Parameter(torch.zeros(count, outside, rank))
        self.scale = alpha / rank
        nn.init.uniform_(self.down, -1 / math.sqrt(inside), 1 / math.sqrt(inside))

    def forward(self, x: Tensor, index: int = 0) -> Tensor:
        """Update ``index`` of ``x [..., inside]``: ``[..., outside]``."""
        low = nn.functional.linear(x, self.down[index])
        return nn.functional.linear(low, self.up[index]) * self.scale


class LoraLinear(nn.Module):
    """``y = W x + b + (alpha / rank) · B · A · x``; without the last term while ``adapted`` is False."""

    def __init__(self, inside: int, outside: int, rank: int, alpha: float) -> None:
        super().__init__()
        self.base = nn.Linear(inside, outside)
        self.update = LowRank(inside, outside, rank, alpha)
        self.adapted = True

    def forward(self, x: Tensor) -> Tensor:
        """``[..., inside]`` to ``[..., outside]``."""
        plain = self.base(x)
        return plain + self.update(x) if self.adapted else plain
