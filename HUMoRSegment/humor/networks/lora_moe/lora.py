"""Low-rank adaptation of frozen linear layers (LoRA, arXiv 2106.09685): in experts, and in attention.

Experts share one frozen MLP and differ by low-rank updates of both of its layers. Keys and values of the
attention are pooled, so that it is affordable on fine token grids.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from ..encoder import to_tokens


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


class LoraExperts(nn.Module):
    """``Σ_e p_e · MLP_e(u)`` with ``MLP_e(u) = (W2 + ΔW2_e) · GELU((W1 + ΔW1_e) · u + b1) + b2``.

    As ``Σ_e p_e = 1``, with ``h_e = GELU(W1·u + b1 + ΔW1_e·u)`` this is
    ``W2 · Σ_e p_e·h_e + b2 + Σ_e ΔW2_e · p_e·h_e``: both shared layers run once for every token,
    whatever the number of experts, and the updates of an expert on its own tokens only.

    Args:
        dim: channels of a token.
        hidden: hidden channels of the MLP.
        experts: number of experts.
        rank, alpha: of the updates.
    """

    def __init__(self, dim: int, hidden: int, experts: int, rank: int, alpha: float) -> None:
        super().__init__()
        self.experts = experts
        self.expand, self.reduce = nn.Linear(dim, hidden), nn.Linear(hidden, dim)
        self.expand_update = LowRank(dim, hidden, rank, alpha, experts)
        self.reduce_update = LowRank(hidden, dim, rank, alpha, experts)

    def forward(self, tokens: Tensor, weights: Tensor | None) -> Tensor:
        """``[B, N, dim]`` from tokens ``[B, N, dim]``.

        Args:
            tokens: the MLP's input.
            weights: ``[B, N, E]``, summing to 1 over E, exactly 0 for experts that are not to run.
                None: the shared MLP alone.
        """
        inner = self.expand(tokens)
        if weights is None:
            return self.reduce(nn.functional.gelu(inner))
        hidden, updates = self._selected(tokens.flatten(0, 1), inner.flatten(0, 1), weights.flatten(0, 1))
        return self.reduce(hidden.view_as(inner)) + updates.view_as(tokens)

    def _selected(self, tokens: Tensor, inner: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
        """``Σ p_e·h_e [n, hidden]`` and ``Σ ΔW2_e·p_e·h_e [n, dim]``, each expert on its own rows."""
        hidden, updates = torch.zeros_like(inner), torch.zeros_like(tokens)
        for index in range(self.experts):
            rows = weights[:, index].nonzero().squeeze(1)
            if len(rows) == 0:
                continue
            changed = inner[rows] + self.expand_update(tokens[rows], index)
            weighted = nn.functional.gelu(changed) * weights[rows, index, None].to(changed.dtype)
            hidden.index_add_(0, rows, weighted.to(hidden.dtype))
            updates.index_add_(0, rows, self.reduce_update(weighted, index).to(updates.dtype))
        return hidden, updates


class PooledAttention(nn.Module):
    """Every token attends to means of ``reduction³`` tokens (spatial reduction: PVT, arXiv 2102.12122).

    Keys and values come from average pooling, as in PVT v2 (arXiv 2106.13797), so that all that can be
    adapted are the four linear maps. Reductions of 8, 4, 2, 1 at strides 4, 8, 16, 32 make every stage
    attend to the same few places of 32 voxels: a whole brain of 160 × 192 × 160 has 76 800 tokens at
    stride 4 and 150 keys. Against shifted windows this needs no padding and no masks at any window size,
    and every place sees the whole window from the first block on; what lies near is left to the
    convolutional position encoding of each block.

    Args:
        dim: channels of a token.
        heads: attention heads.
        reduction: tokens along the edge of a pooled place.
        rank, alpha: of the low-rank updates of q, k, v and o.

    Raises:
        ValueError: the heads do not divide the channels.
    """

    def __init__(self, dim: int, heads: int, reduction: int, rank: int, alpha: float) -> None:
        super().__init__()
        if dim % heads:
            raise ValueError(f"{dim} channels cannot be shared by {heads} heads")
        self.heads = heads
        self.pool = nn.AvgPool3d(reduction) if reduction > 1 else nn.Identity()
        self.norm = nn.LayerNorm(dim)
        self.query, self.key, self.value, self.out = (LoraLinear(dim, dim, rank, alpha) for _ in range(4))

    def forward(self, grid: Tensor) -> Tensor:
        """Tokens ``[B, d·h·w, dim]`` from a token grid ``[B, dim, d, h, w]``."""
        pooled = self.norm(to_tokens(self.pool(grid)))
        query, key, value = self.query(to_tokens(grid)), self.key(pooled), self.value(pooled)
        mixed = nn.functional.scaled_dot_product_attention(
            self._split(query), self._split(key), self._split(value)
        )
        return self.out(mixed.transpose(1, 2).flatten(2))

    def _split(self, tokens: Tensor) -> Tensor:
        """``[B, N, dim]`` to ``[B, heads, N, dim / heads]``."""
        return tokens.unflatten(2, (self.heads, -1)).transpose(1, 2)
