"""How weights move and are remembered: learning rate, moving average, activations computed twice."""

from __future__ import annotations

import math
from typing import Any

import torch
from monai.networks.blocks.dynunet_block import UnetBasicBlock, UnetResBlock
from torch import nn
from torch.utils.checkpoint import checkpoint

from ..recipe import Recipe

FLOOR = 0.01
"""Of the peak; a rate of 0 would waste the last steps."""


def learning_rate(recipe: Recipe, step: int) -> float:
    """Linear warm-up, then a cosine, or nnU-Net's ``(1 − x)^0.9`` (``poly``), down to 1% of the peak."""
    if step < recipe.warmup:
        return recipe.learning_rate * (step + 1) / recipe.warmup
    done = min((step - recipe.warmup) / max(recipe.steps - recipe.warmup, 1), 1.0)
    fall = (1.0 - done) ** 0.9 if recipe.schedule == "poly" else 0.5 * (1.0 + math.cos(math.pi * done))
    return recipe.learning_rate * (FLOOR + (1.0 - FLOOR) * fall)


def update_ema(average: nn.Module, network: nn.Module, decay: float, step: int) -> None:
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


BLOCKS = (UnetResBlock, UnetBasicBlock)
"""Where the memory is: activations at full and half resolution. They keep no state of their own
(instance norm has no running mean), so running them twice changes nothing."""


def checkpoint_blocks(network: nn.Module) -> int:
    """Make every convolution block of ``network`` drop its activations (Chen et al. 2016, arXiv 1604.06174).

    Returns:
        How many blocks there are.
    """
    blocks = [module for module in network.modules() if isinstance(module, BLOCKS)]
    for block in blocks:
        block.forward = _checkpointed(block.forward)  # type: ignore[method-assign]
    return len(blocks)


def _checkpointed(forward: Any) -> Any:
    def run(*inputs: Any) -> Any:
        return checkpoint(forward, *inputs, use_reentrant=False)

    return run
