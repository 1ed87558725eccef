"""Windows of a token grid, shifted or not, and which tokens of a window may see each other.

The cyclic shift of Swin transformers (arXiv 2103.14030), on grids of any size: a grid is padded at its
far ends to whole windows, and what padding or the shift brings together is kept apart by a mask.
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
