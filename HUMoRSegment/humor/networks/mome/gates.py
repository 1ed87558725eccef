"""The gating network: from the image and the experts' finest features to weights at every scale."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import torch
from monai.networks.blocks.dynunet_block import UnetBasicBlock
from torch import Tensor, nn

from .unet import NORM


class ScaleGates(nn.Module):
    """One softmax over the present experts for every voxel of every scale.

    Down by strided blocks, up by adding what lies below, so that fine weights know their surroundings.
    Heads begin at 0: a new gating network gives all present experts the same weight, and learns from
    there.

    Args:
        experts: number of experts and of image channels.
        features: channels of an expert's finest features.
        scales: of the experts' decoders.
        width: channels of this network.
    """

    def __init__(self, experts: int, features: int, scales: int, width: int) -> None:
        super().__init__()
        self.image = nn.Conv3d(experts, width, 1)
        # One map per expert and no bias: a missing expert's features are simply not in the sum.
        self.read = nn.ModuleList(nn.Conv3d(features, width, 1, bias=False) for _ in range(experts))
        widths = [width] + [2 * width] * (scales - 1)
        self.first = UnetBasicBlock(3, width, width, 3, 1, NORM)
        self.down = nn.ModuleList(UnetBasicBlock(3, a, b, 3, 2, NORM) for a, b in pairwise(widths))
        self.up = nn.ModuleList(nn.ConvTranspose3d(b, a, 2, stride=2) for a, b in pairwise(widths))
        self.heads = nn.ModuleList(nn.Conv3d(channels, experts, 1) for channels in widths)
        for head in self.heads:
            nn.init.zeros_(head.weight)  # type: ignore[arg-type]
            nn.init.zeros_(head.bias)  # type: ignore[arg-type]

    def forward(self, image: Tensor, features: Mapping[int, Tensor], available: Tensor) -> list[Tensor]:
        """Weights ``[B, E, D/2^s, H/2^s, W/2^s]`` per scale, finest first, in float32.

        Args:
            image: ``[B, E, D, H, W]``, zeros for missing sequences.
            features: number of the expert → ``[B, C, D, H, W]``, zeros in samples without its sequence.
            available: ``[B, E]`` bool, at least one per sample.
        """
        total = self.image(image)
        for index, found in features.items():
            total = total + self.read[index](found)
        levels = [self.first(total)]
        for block in self.down:
            levels.append(block(levels[-1]))
        for scale in reversed(range(len(self.up))):
            levels[scale] = levels[scale] + self.up[scale](levels[scale + 1])
        return [
            present_softmax(head(level), available) for head, level in zip(self.heads, levels, strict=True)
        ]


def present_softmax(scores: Tensor, available: Tensor) -> Tensor:
    """Softmax over experts of ``scores [B, E, d, h, w]``; exactly 0 where not ``available [B, E]``."""
    missing = ~available[:, :, None, None, None]
    # float32: weights must sum to 1 also under autocast.
    return torch.softmax(scores.float().masked_fill(missing, float("-inf")), dim=1)
