"""Transformer parts that work on any grid of tokens: attention and positions."""

from __future__ import annotations

from torch import Tensor, nn


class SelfAttention(nn.Module):
    """Multi-head self-attention over all tokens of a window (MSA)."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        if dim % heads:
            raise ValueError(f"{dim} channels cannot be shared by {heads} heads")
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.out = nn.Linear(dim, dim)

    def forward(self, tokens: Tensor) -> Tensor:
        """``[B, N, dim]`` to the same shape."""
        batch, count, dim = tokens.shape
        qkv = self.qkv(tokens).view(batch, count, 3, self.heads, dim // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        mixed = nn.functional.scaled_dot_product_attention(query, key, value)
        return self.out(mixed.transpose(1, 2).reshape(batch, count, dim))


class PositionEncoding(nn.Module):
    """Conditional position encoding: a depth-wise 3×3×3 convolution added to the token grid.

    Learned tables of positions belong to one window size; a convolution (with its zero padding as
    the only cue of the border) carries over to every window that is a multiple of the patch, so a
    whole brain can be one window. CPVT, arXiv 2102.10882.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.conv = nn.Conv3d(dim, dim, 3, padding=1, groups=dim)
        nn.init.zeros_(self.conv.weight)
        assert self.conv.bias is not None
        nn.init.zeros_(self.conv.bias)

    def forward(self, grid: Tensor) -> Tensor:
        """``[B, dim, d, h, w]`` to the same shape."""
        return grid + self.conv(grid)


def to_tokens(grid: Tensor) -> Tensor:
    """``[B, dim, d, h, w]`` to ``[B, d·h·w, dim]``."""
    return grid.flatten(2).transpose(1, 2)


def to_grid(tokens: Tensor, like: Tensor) -> Tensor:
    """``[B, N, dim]`` to ``[B, dim, d, h, w]`` with the spatial shape of ``like``."""
    return tokens.transpose(1, 2).unflatten(2, like.shape[2:])
