"""The staged encoder: per-sequence stems, then stages at strides 4, 8, 16 and 32."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from ..names import expert_names
from ..prediction import GateWeights
from ..transformer import to_grid, to_tokens
from .blocks import Adapters, MoeBlock, PlainBlock, Step
from .stems import STRIDE, SequenceStems

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
