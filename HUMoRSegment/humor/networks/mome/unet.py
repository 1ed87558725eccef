"""The expert of one sequence: a U-Net after nnU-Net, with logits at every scale of its decoder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from monai.networks.blocks.dynunet_block import UnetBasicBlock, UnetUpBlock
from torch import Tensor, nn

NORM = ("instance", {"affine": True})


@dataclass(frozen=True)
class Answer:
    """``features``: the finest, ``[B, C, D, H, W]``; ``logits``: ``[B, R, D/2^s, ...]``, finest first."""

    features: Tensor
    logits: list[Tensor]


class ScaledUnet(nn.Module):
    """Two 3×3×3 convolutions with instance norm and leaky ReLU per level (nnU-Net, arXiv 1809.10486).

    MONAI's ``DynUNet`` has the same blocks, but keeps its features to itself and its coarse logits only
    as copies at full size.

    Args:
        channels: of the input.
        widths: channels at full resolution, a half, a quarter, ...
        regions: output channels.
    """

    def __init__(self, channels: int, widths: Sequence[int], regions: int) -> None:
        super().__init__()
        self.first = UnetBasicBlock(3, channels, widths[0], 3, 1, NORM)
        self.down = nn.ModuleList(
            UnetBasicBlock(3, fine, coarse, 3, 2, NORM) for fine, coarse in pairwise(widths)
        )
        self.up = nn.ModuleList(
            UnetUpBlock(3, coarse, fine, 3, 1, 2, NORM) for fine, coarse in pairwise(widths)
        )
        self.heads = nn.ModuleList(nn.Conv3d(width, regions, 1) for width in widths[:-1])

    def forward(self, image: Tensor) -> Answer:
        """Features and logits from ``image [B, channels, D, H, W]``, edges multiples of 2^(levels − 1)."""
        skips = [self.first(image)]
        for block in self.down:
            skips.append(block(skips[-1]))
        features, logits = skips.pop(), []
        for scale in reversed(range(len(self.up))):
            features = self.up[scale](features, skips[scale])
            logits.append(self.heads[scale](features))
        return Answer(features, logits[::-1])
