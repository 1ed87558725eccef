"""A Swin-UNet of experts: blocks of shifted windows with gated experts, and skips, on token grids.

Grids go to half and to a multiple of their size by linear layers (arXiv 2105.05537).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn

from ..experts import ExpertMlps, Gate, mean_over_ranks
from ..prediction import GateWeights
from .windows import WindowAttention

PATCH = 4
"""Voxels along the edge of a token of the first stage."""


@dataclass
class Encoded:
    """``grid``: tokens ``[B, D/4, H/4, W/4, dims[0]]``; gates and balance losses in the blocks' order."""

    grid: Tensor
    routing: list[GateWeights] = field(default_factory=list)
    balance: list[Tensor] = field(default_factory=list)


class SwinUnet(nn.Module):
    """Stages at strides 4, 8, 16, ...; down by merging tokens, up by expanding and joining skips.

    Every second block of a stage has shifted windows. Gates are named after side, stage and block,
    e.g. ``encoder2/block3``, blocks counted from 1 through the network.

    Args:
        channels: of the image.
        dims: channels of a token, per stage.
        depths: blocks of the encoder, per stage.
        decoder_depths: blocks of the decoder, for all stages but the last.
        heads: attention heads, per stage.
        window: edge of a window in tokens.
        mlp_ratio: hidden channels of an expert per channel of a token.
        experts: their names.

    Raises:
        ValueError: the lengths of the lists do not fit.
    """

    def __init__(
        self,
        channels: int,
        dims: Sequence[int],
        depths: Sequence[int],
        decoder_depths: Sequence[int],
        heads: Sequence[int],
        window: int,
        mlp_ratio: int,
        experts: Sequence[str],
    ) -> None:
        super().__init__()
        if not len(dims) == len(depths) == len(heads) == len(decoder_depths) + 1:
            raise ValueError(
                "dims, depths and attention_heads need a number per stage, decoder_depths one less"
            )

        def blocks(stage: int, count: int) -> nn.ModuleList:
            dim = dims[stage]
            return nn.ModuleList(
                SwinMoeBlock(dim, heads[stage], window, bool(i % 2), mlp_ratio * dim, len(experts))
                for i in range(count)
            )

        self.expert_names = tuple(experts)
        self.embed = nn.Conv3d(channels, dims[0], PATCH, stride=PATCH)
        self.embed_norm, self.norm = nn.LayerNorm(dims[0]), nn.LayerNorm(dims[0])
        self.encoder = nn.ModuleList(blocks(stage, count) for stage, count in enumerate(depths))
        self.merges = nn.ModuleList(Merge(fine, coarse) for fine, coarse in pairwise(dims))
        self.expands = nn.ModuleList(Expand(coarse, fine, 2) for fine, coarse in pairwise(dims))
        self.joins = nn.ModuleList(nn.Linear(2 * dim, dim) for dim in dims[:-1])
        self.decoder = nn.ModuleList(blocks(stage, count) for stage, count in enumerate(decoder_depths))

    def forward(self, image: Tensor, available: Tensor, allowed: Tensor) -> Encoded:
        """Tokens at a quarter of the size.

        Args:
            image: ``[B, channels, D, H, W]``.
            available: ``[B, 4]`` bool.
            allowed: ``[B, E]`` bool, experts that may be used.
        """
        encoded = Encoded(self.embed_norm(self.embed(image).movedim(1, -1)))
        skips: list[Tensor] = []
        for stage, blocks in enumerate(self.encoder):
            self._run(encoded, f"encoder{stage + 1}", blocks, available, allowed)
            if stage < len(self.merges):
                skips.append(encoded.grid)
                encoded.grid = self.merges[stage](encoded.grid)
        for stage in reversed(range(len(self.decoder))):
            grid = torch.cat([self.expands[stage](encoded.grid), skips[stage]], dim=-1)
            encoded.grid = self.joins[stage](grid)
            self._run(encoded, f"decoder{stage + 1}", self.decoder[stage], available, allowed)
        encoded.grid = self.norm(encoded.grid)
        return encoded

    def _run(
        self, encoded: Encoded, place: str, blocks: nn.Module, available: Tensor, allowed: Tensor
    ) -> None:
        """Move the grid through the blocks of one stage, and note their gates."""
        for block in cast(nn.ModuleList, blocks):
            step: Step = block(encoded.grid, available, allowed)
            encoded.grid = step.grid
            name = f"{place}/block{len(encoded.routing) + 1}"
            encoded.routing.append(GateWeights(name, self.expert_names, step.weights))
            encoded.balance.append(step.balance)


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


class Merge(nn.Module):
    """2×2×2 neighbouring tokens become one: concatenated, normalised, mapped linearly."""

    def __init__(self, inside: int, outside: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(8 * inside)
        self.linear = nn.Linear(8 * inside, outside, bias=False)

    def forward(self, grid: Tensor) -> Tensor:
        """``[B, d, h, w, inside]`` (even edges) to ``[B, d/2, h/2, w/2, outside]``."""
        batch, d, h, w, channels = grid.shape
        parts = grid.view(batch, d // 2, 2, h // 2, 2, w // 2, 2, channels).permute(0, 1, 3, 5, 2, 4, 6, 7)
        return self.linear(self.norm(parts.flatten(4)))


class Expand(nn.Module):
    """One token becomes ``factor³``: mapped linearly, laid out in space, normalised."""

    def __init__(self, inside: int, outside: int, factor: int) -> None:
        super().__init__()
        self.factor = factor
        self.linear = nn.Linear(inside, outside * factor**3, bias=False)
        self.norm = nn.LayerNorm(outside)

    def forward(self, grid: Tensor) -> Tensor:
        """``[B, d, h, w, inside]`` to ``[B, d·factor, h·factor, w·factor, outside]``."""
        batch, d, h, w, _ = grid.shape
        factor = self.factor
        parts = self.linear(grid).view(batch, d, h, w, factor, factor, factor, -1)
        grid = parts.permute(0, 1, 4, 2, 5, 3, 6, 7).reshape(batch, d * factor, h * factor, w * factor, -1)
        return self.norm(grid)


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
