"""Self-attention inside windows, with a learned bias for relative positions."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from .windows import join, layout, neighbours, split


class WindowAttention(nn.Module):
    """Multi-head self-attention inside (shifted) windows of a token grid.

    The bias of a pair of tokens depends on their offset only (arXiv 2103.14030), also in windows that a
    small grid cuts short, so any grid can be used.

    Args:
        dim: channels of a token.
        heads: attention heads.
        window: edge of a window in tokens.
        shifted: shift windows by half of their edge.
    """

    def __init__(self, dim: int, heads: int, window: int, shifted: bool) -> None:
        super().__init__()
        if dim % heads:
            raise ValueError(f"{dim} channels cannot be shared by {heads} heads")
        self.heads, self.window, self.shifted = heads, window, shifted
        self.qkv = nn.Linear(dim, 3 * dim)
        self.out = nn.Linear(dim, dim)
        self.bias = nn.Parameter(torch.empty((2 * window - 1) ** 3, heads))
        nn.init.trunc_normal_(self.bias, std=0.02)

    def forward(self, grid: Tensor) -> Tensor:
        """``[B, d, h, w, dim]`` to the same shape."""
        places = layout(grid.shape[1:4], self.window, self.shifted)
        windows = split(self.qkv(grid), places)
        batch, count, tokens, _ = windows.shape
        heads = windows.view(batch * count, tokens, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        query, key, value = heads.unbind(0)
        bias = self._bias(places.window).to(query.dtype)[None]
        visible = neighbours(places, grid.device)
        if visible is not None:
            bias = bias.masked_fill(~visible[:, None], float("-inf")).repeat(batch, 1, 1, 1)
        mixed = nn.functional.scaled_dot_product_attention(query, key, value, bias)
        return self.out(join(mixed.transpose(1, 2).reshape(batch, count, tokens, -1), places))

    def _bias(self, window: Sequence[int]) -> Tensor:
        """``[heads, k, k]`` for a window with these edges."""
        axes = [torch.arange(edge, device=self.bias.device) for edge in window]
        position = torch.cartesian_prod(*axes).view(-1, 3)
        offset = position[:, None] - position[None] + self.window - 1
        base = 2 * self.window - 1
        return self.bias[(offset[..., 0] * base + offset[..., 1]) * base + offset[..., 2]].permute(2, 0, 1)
