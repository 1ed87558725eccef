"""The moving average of the weights, which is what is evaluated and shipped."""

from __future__ import annotations

import torch
from torch import nn


def follow(average: nn.Module, network: nn.Module, decay: float, step: int) -> None:
    """``a ← d·a + (1−d)·w`` for all weights, with ``d = min(decay, (1 + step) / (10 + step))``.

    A young average follows faster, or it would remember the random start. Whole numbers (indices, counters)
    are copied.
    """
    share = 1.0 - min(decay, (1 + step) / (10 + step))
    with torch.no_grad():
        pairs = list(zip(average.state_dict().values(), network.state_dict().values(), strict=True))
        moving = [(old, new) for old, new in pairs if old.is_floating_point()]
        torch._foreach_lerp_([old for old, _ in moving], [new for _, new in moving], share)
        for old, new in pairs:
            if not old.is_floating_point():
                old.copy_(new)
