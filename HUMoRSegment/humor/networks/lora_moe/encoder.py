"""The staged encoder: per-sequence stems, then stages of transformer blocks at strides 4, 8, 16 and 32.

The stems' features are fused over those sequences that are there; blocks are plain ones, or ones whose MLP
is a bank of experts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..encoder import PositionEncoding, to_grid, to_tokens
from ..experts import BalanceLoss, Gate
from ..names import expert_names
from ..prediction import GateWeights
from .lora import LoraExperts, PooledAttention

STRIDE = 4
"""Voxels along the edge of a token of the first stage."""
STAGES = 4
MULTIPLE = STRIDE * 2 ** (STAGES - 1)
"""Voxels along the edge of a token of the last stage."""


@dataclass(frozen=True)
class Encoded:
    """``features``: grids ``[B, dim, d, h, w]`` of the stages in ``read``; gates; their balance losses."""

    features: list[Tensor]
    routing: list[GateWeights]
    balance: list[Tensor]


class StagedEncoder(nn.Module):
    """Four stages of pre-norm blocks; the last ``gated`` blocks of each stage are mixtures of experts.

    Args:
        sequences: number of sequences.
        dims: channels of a token, per stage.
        depths: blocks, per stage.
        heads: attention heads, per stage.
        mlp_ratio: hidden channels of an MLP per channel of a token.
        gated: blocks with experts, per stage.
        read: the stages whose features are handed out, counted from 0, finest first; with the last one,
            because nothing would train it otherwise.
        adapters: numbers of experts and low-rank updates.

    Raises:
        ValueError: not four stages, more gated blocks than blocks, or stages that cannot be read.
    """

    def __init__(
        self,
        sequences: int,
        dims: Sequence[int],
        depths: Sequence[int],
        heads: Sequence[int],
        mlp_ratio: int,
        gated: Sequence[int],
        read: Sequence[int],
        adapters: Adapters,
    ) -> None:
        super().__init__()
        if {len(dims), len(depths), len(heads), len(gated)} != {STAGES}:
            raise ValueError(f"dims, depths, heads and gated need {STAGES} numbers each")
        if any(few > all_ for few, all_ in zip(gated, depths, strict=True)):
            raise ValueError(f"stages of {tuple(depths)} blocks cannot have {tuple(gated)} gated ones")
        if list(read) != sorted(set(read)) or not {STAGES - 1} <= set(read) <= set(range(STAGES)):
            raise ValueError(f"stages to read must ascend and end with {STAGES - 1}, not {tuple(read)}")
        self.stems = SequenceStems(sequences, dims[0])
        self.merges = nn.ModuleList(
            nn.Conv3d(dims[stage], dims[stage + 1], 2, stride=2) for stage in range(STAGES - 1)
        )
        self.stages = nn.ModuleList()
        for stage, (dim, depth) in enumerate(zip(dims, depths, strict=True)):
            reduction = 2 ** (STAGES - 1 - stage)
            kinds = [PlainBlock] * (depth - gated[stage]) + [MoeBlock] * gated[stage]
            self.stages.append(
                nn.ModuleList(kind(dim, heads[stage], mlp_ratio * dim, reduction, adapters) for kind in kinds)
            )
        self.read = tuple(read)
        self.norms = nn.ModuleList(nn.LayerNorm(dims[stage]) for stage in read)
        self.expert_names = expert_names(adapters.experts)

    def forward(self, image: Tensor, available: Tensor) -> Encoded:
        """Encode ``image [B, S, D, H, W]`` (edges multiples of 32) given ``available [B, S]``."""
        encoded, block = Encoded([], [], []), 0
        grid = self.stems(image, available)
        for stage, blocks in enumerate(self.stages):
            grid = self.merges[stage - 1](grid) if stage else grid
            for module in blocks:  # type: ignore[attr-defined]
                block += 1
                step = module(grid, available)
                grid = step.grid
                self._note(encoded, f"stage{stage + 1}/block{block}", step)
            if stage in self.read:
                normed = self.norms[self.read.index(stage)](to_tokens(grid))
                encoded.features.append(to_grid(normed, grid))
        return encoded

    def _note(self, encoded: Encoded, name: str, step: Step) -> None:
        if step.weights is not None and step.balance is not None:
            encoded.routing.append(GateWeights(name, self.expert_names, step.weights))
            encoded.balance.append(step.balance)


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


class SequenceStems(nn.Module):
    """``Σ_s a_s · stem_s(x_s) / Σ_s a_s`` at a quarter of the size.

    A missing sequence (``a_s = 0``) contributes exactly nothing, not even its stem's biases, and the
    mean keeps the scale of the features whatever number of sequences is there.

    Args:
        sequences: number of sequences.
        dim: channels of a token.
    """

    def __init__(self, sequences: int, dim: int) -> None:
        super().__init__()
        self.stems = nn.ModuleList(_stem(dim) for _ in range(sequences))

    def forward(self, image: Tensor, available: Tensor) -> Tensor:
        """Tokens ``[B, dim, D/4, H/4, W/4]`` from ``image [B, S, D, H, W]`` and ``available [B, S]``."""
        keep = available[:, :, None, None, None, None]
        nothing = torch.zeros((), dtype=image.dtype, device=image.device)
        total = nothing
        for index, stem in enumerate(self.stems):
            features = stem(image[:, index : index + 1])
            total = total + torch.where(keep[:, index], features, nothing.to(features.dtype))
        count = available.sum(dim=1).clamp(min=1)[:, None, None, None, None]
        return total / count.to(total.dtype)


def _stem(dim: int) -> nn.Module:
    """Two strided 3×3×3 convolutions (early convolutions: arXiv 2106.14881)."""
    return nn.Sequential(
        nn.Conv3d(1, dim // 4, 3, stride=2, padding=1, bias=False),
        nn.InstanceNorm3d(dim // 4, affine=True),
        nn.GELU(),
        nn.Conv3d(dim // 4, dim, 3, stride=2, padding=1),
    )
