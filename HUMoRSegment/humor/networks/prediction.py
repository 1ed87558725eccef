"""What every network returns, teacher, student and the other systems alike."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor


@dataclass(frozen=True)
class GateWeights:
    """The weights of one gate for a batch.

    Attributes:
        name: e.g. ``group2/block5``.
        experts: names of the experts.
        weights: ``[B, E, d, h, w]``, summing to 1 over E; ``d = h = w = 1`` for a gate that decides
            once per window.
    """

    name: str
    experts: tuple[str, ...]
    weights: Tensor


@dataclass(frozen=True)
class Prediction:
    """Attributes:
    logits: ``[B, 3, D, H, W]``, one per region (WT, TC, ET), before the sigmoid.
    routing: one entry per gate.
    auxiliary: named scalar losses that a training may add, e.g. ``balance``.
    deep: logits ``[B, 3, d, h, w]`` at coarser scales, finest first, for deep supervision; only in
        training mode.
    expert_logits: expert name → its own logits ``[B, 3, D, H, W]``, where a system also trains its
        experts alone; only in training mode.
    """

    logits: Tensor
    routing: list[GateWeights] = field(default_factory=list)
    auxiliary: dict[str, Tensor] = field(default_factory=dict)
    deep: list[Tensor] = field(default_factory=list)
    expert_logits: dict[str, Tensor] = field(default_factory=dict)


def mask_missing(image: Tensor, available: Tensor) -> Tensor:
    """Zero the channels of missing sequences, so that nothing in them can reach the result.

    Args:
        image: ``[B, 4, D, H, W]``.
        available: ``[B, 4]`` bool.
    """
    keep = available[:, :, None, None, None]
    # where(), not a product: NaN times 0 would be NaN.
    return torch.where(keep, image, torch.zeros((), dtype=image.dtype, device=image.device))
