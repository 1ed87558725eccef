"""More sequences must not be worse."""

from __future__ import annotations

import torch
from torch import Tensor


def sequences_in(image: Tensor) -> Tensor:
    """Flags ``[B, 4]``: which channels of ``image [B, 4, D, H, W]`` hold anything."""
    return image.flatten(2).abs().amax(dim=2) > 0


def superset(available: Tensor, present: Tensor, step: int) -> Tensor:
    """``available`` with one more of the present sequences, going through them with ``step``.

    Args:
        available: flags ``[B, 4]`` of what the network was given.
        present: flags ``[B, 4]`` of what there is.
        step: any number; the same step gives the same choice.

    Returns:
        flags ``[B, 4]``; unchanged for a sample that was given everything.
    """
    more = available.clone()
    for row, (given, held) in enumerate(zip(available, present, strict=True)):
        missing = torch.nonzero(held & ~given).flatten()
        if len(missing):
            more[row, missing[step % len(missing)]] = True
    return more


def monotonicity_loss(with_more: Tensor, with_fewer: Tensor) -> Tensor:
    """``max(0, L(more sequences) − L(fewer sequences))`` (SimMLM, arXiv 2507.19264).

    The gradient goes through the first term only: the way to satisfy it must not be to get worse on
    the smaller subset.
    """
    return torch.relu(with_more - with_fewer.detach())
