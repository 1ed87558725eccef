"""Experts that share one frozen MLP and differ by low-rank updates of both of its layers."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .lora import LowRank


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
