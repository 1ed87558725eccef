"""One convolutional stem per sequence, fused over those that are there."""

from __future__ import annotations

import torch
from torch import Tensor, nn

STRIDE = 4
"""Voxels along the edge of a token of the first stage."""


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
