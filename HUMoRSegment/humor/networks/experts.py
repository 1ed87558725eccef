"""A bank of expert MLPs mixed by gate weights."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ExpertMlps(nn.Module):
    """``y = Σ_e p_e · MLP_e(u)`` with ``MLP_e(u) = W2_e · GELU(W1_e · u + b1_e) + b2_e``.

    With soft weights all experts are one concatenated GEMM each way, the weights applied midway:
    ``y = W2 · (p ⊙ GELU(W1 · u + b1)) + p · b2`` is the same sum. With sparse weights (top-k) each
    expert runs on its own tokens only, so unselected work is really skipped.

    Args:
        dim: channels of a token.
        hidden: hidden channels of one expert.
        experts: number of experts.
        sparse: run experts only where their weight is not 0.
    """

    def __init__(self, dim: int, hidden: int, experts: int, sparse: bool = False) -> None:
        super().__init__()
        self.experts = experts
        self.sparse = sparse
        self.expand = nn.Linear(dim, experts * hidden)
        self.reduce = nn.Linear(experts * hidden, dim, bias=False)
        self.bias = nn.Parameter(torch.zeros(experts, dim))
        # The fan-in of one expert's second layer is its own hidden width, not the concatenated one.
        nn.init.trunc_normal_(self.expand.weight, std=0.02)
        nn.init.trunc_normal_(self.reduce.weight, std=0.02)
        nn.init.zeros_(self.expand.bias)

    def forward(self, tokens: Tensor, weights: Tensor) -> Tensor:
        """Mixed output ``[B, N, dim]`` from tokens ``[B, N, dim]`` and weights ``[B, N or 1, E]``."""
        if self.sparse:
            return self._only_selected(tokens, weights.expand(-1, tokens.shape[1], -1))
        weights = weights.to(tokens.dtype)
        hidden = nn.functional.gelu(self.expand(tokens)).unflatten(-1, (self.experts, -1))
        mixed = (hidden * weights[..., None]).flatten(-2)
        return self.reduce(mixed) + weights @ self.bias.to(weights.dtype)

    def _only_selected(self, tokens: Tensor, weights: Tensor) -> Tensor:
        flat, flat_weights = tokens.flatten(0, 1), weights.flatten(0, 1)
        output = torch.zeros_like(flat)
        for index in range(self.experts):
            rows = flat_weights[:, index].nonzero().squeeze(1)
            if len(rows) == 0:
                continue
            result = self._one(flat[rows], index) * flat_weights[rows, index, None]
            output = output.index_add(0, rows, result.to(output.dtype))
        return output.view_as(tokens)

    def _one(self, rows: Tensor, index: int) -> Tensor:
        """Expert ``index`` alone, on rows ``[n, dim]``."""
        weight_in = self.expand.weight.chunk(self.experts)[index]
        bias_in = self.expand.bias.chunk(self.experts)[index]
        weight_out = self.reduce.weight.chunk(self.experts, dim=1)[index]
        hidden = nn.functional.gelu(nn.functional.linear(rows, weight_in, bias_in))
        return nn.functional.linear(hidden, weight_out, self.bias[index])
