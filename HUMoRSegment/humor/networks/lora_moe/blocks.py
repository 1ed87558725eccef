"""Transformer blocks of the staged encoder: plain ones, and ones whose MLP is a bank of experts."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from ..gate import BalanceLoss, Gate
from ..transformer import PositionEncoding, to_grid, to_tokens
from .attention import PooledAttention
from .experts import LoraExperts


@dataclass(frozen=True)
class Adapters:
    """Numbers of what is added to the frozen base: experts and kept experts per gate, rank and alpha."""

    experts: int = 4
    top_k: int = 2
    rank: int = 8
    alpha: float = 16.0


@dataclass(frozen=True)
class Step:
    """What a block gives: tokens ``[B, dim, d, h, w]``, gate weights ``[B, E, d, h, w]``, balance loss."""

    grid: Tensor
    weights: Tensor | None = None
    balance: Tensor | None = None


class _Block(nn.Module):
    """``x = pos(x)``, ``x' = x + Attention(LN x)``: the half that both kinds share."""

    def __init__(self, dim: int, heads: int, reduction: int, adapters: Adapters) -> None:
        super().__init__()
        self.position = PositionEncoding(dim)
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.attention = PooledAttention(dim, heads, reduction, adapters.rank, adapters.alpha)

    def attend(self, grid: Tensor) -> Tensor:
        """Tokens ``[B, N, dim]`` from a grid ``[B, dim, d, h, w]``."""
        tokens = to_tokens(self.position(grid))
        return tokens + self.attention(to_grid(self.norm1(tokens), grid))


class PlainBlock(_Block):
    """``y = x' + MLP(LN x')``."""

    def __init__(self, dim: int, heads: int, hidden: int, reduction: int, adapters: Adapters) -> None:
        super().__init__(dim, heads, reduction, adapters)
        self.mlp = nn.Sequential(nn.Linear(dim, hidden), nn.GELU(), nn.Linear(hidden, dim))

    def forward(self, grid: Tensor, available: Tensor) -> Step:
        """The next grid; no weights."""
        tokens = self.attend(grid)
        return Step(to_grid(tokens + self.mlp(self.norm2(tokens)), grid))


class MoeBlock(_Block):
    """``y = x' + Σ_e p_e · MLP_e(LN x')``, the gate ``p`` keeping the best experts of each token.

    While ``adapted`` is False there is no gate, and the shared MLP stands for all experts.
    """

    def __init__(self, dim: int, heads: int, hidden: int, reduction: int, adapters: Adapters) -> None:
        super().__init__(dim, heads, reduction, adapters)
        self.gate = Gate(dim, adapters.experts, adapters.top_k, per_token=True)
        self.experts = LoraExperts(dim, hidden, adapters.experts, adapters.rank, adapters.alpha)
        self.balance = BalanceLoss(adapters.experts)
        self.adapted = True

    def forward(self, grid: Tensor, available: Tensor) -> Step:
        """The next grid, the weights of the experts and their balance loss."""
        tokens = self.attend(grid)
        normed = self.norm2(tokens)
        if not self.adapted:
            return Step(to_grid(tokens + self.experts(normed, None), grid))
        weights = self.gate(normed, available)
        tokens = tokens + self.experts(normed, weights)
        return Step(to_grid(tokens, grid), to_grid(weights, grid), self.balance(weights))
