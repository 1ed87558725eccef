"""Attention whose keys and values are pooled, so that it is affordable on fine token grids."""

from __future__ import annotations

from torch import Tensor, nn

from ..transformer import to_tokens
from .lora import LoraLinear


class PooledAttention(nn.Module):
    """Every token attends to means of ``reduction³`` tokens (spatial reduction: PVT, arXiv 2102.12122).

    Keys and values come from average pooling, as in PVT v2 (arXiv 2106.13797), so that all that can be
    adapted are the four linear maps. Reductions of 8, 4, 2, 1 at strides 4, 8, 16, 32 make every stage
    attend to the same few places of 32 voxels: a whole brain of 160 × 192 × 160 has 76 800 tokens at
    stride 4 and 150 keys. Against shifted windows this needs no padding and no masks at any window size,
    and every place sees the whole window from the first block on; what lies near is left to the
    convolutional position encoding of each block.

    Args:
        dim: channels of a token.
        heads: attention heads.
        reduction: tokens along the edge of a pooled place.
        rank, alpha: of the low-rank updates of q, k, v and o.

    Raises:
        ValueError: the heads do not divide the channels.
    """

    def __init__(self, dim: int, heads: int, reduction: int, rank: int, alpha: float) -> None:
        super().__init__()
        if dim % heads:
            raise ValueError(f"{dim} channels cannot be shared by {heads} heads")
        self.heads = heads
        self.pool = nn.AvgPool3d(reduction) if reduction > 1 else nn.Identity()
        self.norm = nn.LayerNorm(dim)
        self.query, self.key, self.value, self.out = (LoraLinear(dim, dim, rank, alpha) for _ in range(4))

    def forward(self, grid: Tensor) -> Tensor:
        """Tokens ``[B, d·h·w, dim]`` from a token grid ``[B, dim, d, h, w]``."""
        pooled = self.norm(to_tokens(self.pool(grid)))
        query, key, value = self.query(to_tokens(grid)), self.key(pooled), self.value(pooled)
        mixed = nn.functional.scaled_dot_product_attention(
            self._split(query), self._split(key), self._split(value)
        )
        return self.out(mixed.transpose(1, 2).flatten(2))

    def _split(self, tokens: Tensor) -> Tensor:
        """``[B, N, dim]`` to ``[B, heads, N, dim / heads]``."""
        return tokens.unflatten(2, (self.heads, -1)).transpose(1, 2)
