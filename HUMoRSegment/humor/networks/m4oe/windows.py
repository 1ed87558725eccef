"""Windows of a token grid, shifted or not, which tokens of a window may see each other, and how they do.

The cyclic shift of Swin transformers (arXiv 2103.14030), on grids of any size: a grid is padded at its
far ends to whole windows, and what padding or the shift brings together is kept apart by a mask.
Attention has a learned bias for relative positions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Layout:
    """Windows of one grid: ``grid`` and ``window`` edges and ``shift`` in tokens, per axis."""

    grid: tuple[int, ...]
    window: tuple[int, ...]
    shift: tuple[int, ...]

    @property
    def padding(self) -> list[int]:
        """Tokens missing to whole windows at the far end of each axis."""
        return [-length % edge for length, edge in zip(self.grid, self.window, strict=True)]

    @property
    def counts(self) -> list[int]:
        """Windows along each axis."""
        return [-(-length // edge) for length, edge in zip(self.grid, self.window, strict=True)]


def layout(grid: Sequence[int], edge: int, shifted: bool) -> Layout:
    """Windows of ``edge`` tokens, shifted by half of that or not.

    Along an axis that is no longer than ``edge`` there is one window of its length, without shift.
    """
    window = tuple(min(edge, length) for length in grid)
    shift = tuple(edge // 2 if shifted and length > edge else 0 for length in grid)
    return Layout(tuple(grid), window, shift)


def split(grid: Tensor, places: Layout, fill: int = 0) -> Tensor:
    """``[B, d, h, w, C]`` to windows ``[B, n, k, C]`` of ``k`` tokens; padding holds ``fill``."""
    d, h, w = places.padding
    grid = nn.functional.pad(grid, [0, 0, 0, w, 0, h, 0, d], value=fill)
    grid = torch.roll(grid, [-step for step in places.shift], (1, 2, 3))
    (a, b, c), (i, j, k) = places.counts, places.window
    parts = grid.reshape(len(grid), a, i, b, j, c, k, -1).permute(0, 1, 3, 5, 2, 4, 6, 7)
    return parts.reshape(len(grid), a * b * c, i * j * k, -1)


def join(windows: Tensor, places: Layout) -> Tensor:
    """The reverse of ``split``: ``[B, n, k, C]`` to ``[B, d, h, w, C]``, without padding."""
    (a, b, c), (i, j, k) = places.counts, places.window
    parts = windows.view(len(windows), a, b, c, i, j, k, -1).permute(0, 1, 4, 2, 5, 3, 6, 7)
    grid = parts.reshape(len(windows), a * i, b * j, c * k, -1)
    d, h, w = places.grid
    return torch.roll(grid, list(places.shift), (1, 2, 3))[:, :d, :h, :w]


def neighbours(places: Layout, device: torch.device) -> Tensor | None:
    """Bool ``[n, k, k]``: token pairs that really lie in the same shifted window; None: all do.

    A padded place sees only other padded ones, so that every row has something to attend to.
    """
    if not any(places.padding) and not any(places.shift):
        return None
    label = torch.zeros(places.grid, dtype=torch.long, device=device)
    for axis, (length, edge, step) in enumerate(zip(places.grid, places.window, places.shift, strict=True)):
        number = (torch.arange(length, device=device) - step) // edge + 1
        shape = [length if other == axis else 1 for other in range(3)]
        label = label * (number[-1] + 1) + number.view(shape)
    labels = split(label[None, ..., None], places, fill=-1)[0, ..., 0]
    return labels[:, :, None] == labels[:, None, :]


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
