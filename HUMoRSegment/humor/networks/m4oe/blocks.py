"""The transformer block: attention in windows, then a bank of experts with a gate."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from ..experts import ExpertMlps
from ..gate import Gate
from .attention import WindowAttention
from .balance import FairShareLoss


@dataclass(frozen=True)
class Step:
    """What a block gives: tokens ``[B, d, h, w, dim]``, weights ``[B, E, d, h, w]``, balance loss."""

    grid: Tensor
    weights: Tensor
    balance: Tensor


class SwinMoeBlock(nn.Module):
    """``x' = x + WindowAttention(LN x)``, ``u = LN x'``, ``y = x' + Σ_e p_e · MLP_e(u)``.

    The gate's softmax runs over experts at every token. (The code published with the paper normalises
    over channels instead, which scales features and selects no expert.) An expert that is not allowed
    has weight 0 and does not run on that sample.

    Args:
        dim: channels of a token.
        heads: attention heads.
        window: edge of a window in tokens.
        shifted: whether windows are shifted.
        hidden: hidden channels of one expert.
        experts: number of experts.
    """

    def __init__(self, dim: int, heads: int, window: int, shifted: bool, hidden: int, experts: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.attention = WindowAttention(dim, heads, window, shifted)
        self.gate = Gate(dim, experts, top_k=experts, per_token=True)
        self.experts = ExpertMlps(dim, hidden, experts, sparse=True)
        self.balance = FairShareLoss(experts)

    def forward(self, grid: Tensor, available: Tensor, allowed: Tensor) -> Step:
        """The next grid.

        Args:
            grid: ``[B, d, h, w, dim]``.
            available: ``[B, 4]`` bool.
            allowed: ``[B, E]`` bool, experts that may be used. Where it is only one, its weight is
                exactly 1, whatever the gate has learned.
        """
        grid = grid + self.attention(self.norm1(grid))
        tokens = self.norm2(grid).flatten(1, 3)
        weights = self.gate(tokens, available, allowed)
        grid = grid + self.experts(tokens, weights).view_as(grid)
        places = weights.transpose(1, 2).unflatten(2, grid.shape[1:4])
        return Step(grid, places, self.balance(weights, allowed))
