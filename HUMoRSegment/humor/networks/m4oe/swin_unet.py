"""Encoder and decoder of shifted-window blocks with skips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn

from ..prediction import GateWeights
from .blocks import Step, SwinMoeBlock
from .resampling import Expand, Merge

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
