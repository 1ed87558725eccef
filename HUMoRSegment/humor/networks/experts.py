"""Experts and gates: a bank of expert MLPs, and small networks that weigh them."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Gate(nn.Module):
    """``p = softmax(W2 · GELU(W1 · [s, available]))`` over experts.

    ``s`` is the mean token of the window (``per_token=False``, as published for HUMoR) or each
    token itself (``per_token=True``, finer maps). With ``top_k`` smaller than the number of
    experts, all but the k largest weights are exactly 0 and the kept ones are renormalised.

    Args:
        dim: channels of a token.
        experts: number of experts.
        top_k: how many experts are kept.
        per_token: decide at every token.
        flags: length of the availability vector.
        uniform: give all experts that may be used the same weight and learn nothing: a control.

    Raises:
        ValueError: ``top_k`` is not between 1 and ``experts``, or the gate is uniform and keeps fewer
            than all.
    """

    def __init__(
        self, dim: int, experts: int, top_k: int, per_token: bool, flags: int = 4, uniform: bool = False
    ) -> None:
        super().__init__()
        if not 1 <= top_k <= experts:
            raise ValueError(f"top_k must lie between 1 and {experts}, not {top_k}")
        if uniform and top_k < experts:
            raise ValueError("a uniform gate cannot choose: top_k must be the number of experts")
        self.experts = experts
        self.top_k = top_k
        self.per_token = per_token
        self.uniform = uniform
        self.hidden = nn.Linear(dim + flags, dim // 4)
        self.out = nn.Linear(dim // 4, experts)

    def forward(self, tokens: Tensor, available: Tensor, allowed: Tensor | None = None) -> Tensor:
        """Weights ``[B, N, E]`` (``[B, 1, E]`` when deciding per window).

        Args:
            tokens: ``[B, N, dim]``.
            available: ``[B, 4]`` bool.
            allowed: ``[B, E]`` bool, experts that may be used (those of present sequences); the
                others get exactly 0. None: all may.
        """
        summary = tokens if self.per_token else tokens.mean(dim=1, keepdim=True)
        flags = available.to(tokens.dtype)[:, None].expand(-1, summary.shape[1], -1)
        scores = self.out(nn.functional.gelu(self.hidden(torch.cat([summary, flags], dim=-1))))
        # float32 softmax: weights of a gate must sum to 1 also under autocast.
        scores = scores.float() * (0.0 if self.uniform else 1.0)
        if allowed is not None:
            scores = scores.masked_fill(~allowed[:, None], float("-inf"))
        if self.top_k < scores.shape[-1]:
            kept = scores.topk(self.top_k, dim=-1).indices
            scores = scores.masked_fill(~_members(kept, scores.shape[-1]), float("-inf"))
        return scores.softmax(dim=-1)


def _members(indices: Tensor, size: int) -> Tensor:
    """Bool ``[..., size]``, true at the indices ``[..., k]``."""
    mask = torch.zeros(*indices.shape[:-1], size, dtype=torch.bool, device=indices.device)
    return mask.scatter(-1, indices, True)


class BalanceLoss(nn.Module):
    """Keeps experts alive: squared distance of the mean gate from uniform, times the experts.

    The mean is an exponential moving average over steps: at batch 1 to 2 the mean of one step
    (Switch Transformer's estimate, arXiv 2101.03961) is mostly noise. The value is that of the
    average; the gradient flows through the current step only.
    """

    mean: Tensor

    def __init__(self, experts: int, decay: float = 0.95) -> None:
        super().__init__()
        self.decay = decay
        self.register_buffer("mean", torch.full((experts,), 1.0 / experts))

    def forward(self, weights: Tensor) -> Tensor:
        """Scalar loss from gate weights ``[B, N, E]``; the average moves in training only."""
        current = weights.mean(dim=(0, 1))
        if self.training:
            # Not when evaluating: then one process may work alone, and would wait for the others forever.
            current = mean_over_ranks(current)
            self.mean.lerp_(current.detach(), 1.0 - self.decay)
        straight = self.mean.detach() + current - current.detach()
        return len(straight) * (straight - 1.0 / len(straight)).square().sum()


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


def world_size() -> int:
    """Number of processes that train together."""
    distributed = torch.distributed
    return distributed.get_world_size() if distributed.is_available() and distributed.is_initialized() else 1


def sum_over_ranks(values: Tensor) -> Tensor:
    """The sum of ``values`` over all processes, with a gradient that goes back to each of them."""
    if world_size() == 1:
        return values
    import torch.distributed.nn.functional

    return torch.distributed.nn.functional.all_reduce(values)


def mean_over_ranks(values: Tensor) -> Tensor:
    """The mean of ``values`` over all processes (of equal batches)."""
    return sum_over_ranks(values) / world_size()
