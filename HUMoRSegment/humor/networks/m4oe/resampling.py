"""Token grids to half and to a multiple of their size by linear layers (Swin-UNet, arXiv 2105.05537)."""

from __future__ import annotations

from torch import Tensor, nn


class Merge(nn.Module):
    """2×2×2 neighbouring tokens become one: concatenated, normalised, mapped linearly."""

    def __init__(self, inside: int, outside: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(8 * inside)
        self.linear = nn.Linear(8 * inside, outside, bias=False)

    def forward(self, grid: Tensor) -> Tensor:
        """``[B, d, h, w, inside]`` (even edges) to ``[B, d/2, h/2, w/2, outside]``."""
        batch, d, h, w, channels = grid.shape
        parts = grid.view(batch, d // 2, 2, h // 2, 2, w // 2, 2, channels).permute(0, 1, 3, 5, 2, 4, 6, 7)
        return self.linear(self.norm(parts.flatten(4)))


class Expand(nn.Module):
    """One token becomes ``factor³``: mapped linearly, laid out in space, normalised."""

    def __init__(self, inside: int, outside: int, factor: int) -> None:
        super().__init__()
        self.factor = factor
        self.linear = nn.Linear(inside, outside * factor**3, bias=False)
        self.norm = nn.LayerNorm(outside)

    def forward(self, grid: Tensor) -> Tensor:
        """``[B, d, h, w, inside]`` to ``[B, d·factor, h·factor, w·factor, outside]``."""
        batch, d, h, w, _ = grid.shape
        factor = self.factor
        parts = self.linear(grid).view(batch, d, h, w, factor, factor, factor, -1)
        grid = parts.permute(0, 1, 4, 2, 5, 3, 6, 7).reshape(batch, d * factor, h * factor, w * factor, -1)
        return self.norm(grid)
