"""MoME's curriculum: first every expert for itself, in the end all together."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from humor.networks.experts import world_size
from humor.networks.prediction import Prediction
from humor.sequences import SEQUENCES

Segmentation = Callable[[Tensor, Tensor], Tensor]
"""(logits ``[B, 3, D, H, W]``, truth of the same shape) → scalar."""

SURELY_OUTSIDE = -100.0
"""A logit whose probability is 0."""


def own_experts_loss(
    prediction: Prediction,
    regions: Tensor,
    segmentation: Segmentation,
    progress: float,
    available: Tensor,
    experts: Sequence[str] = SEQUENCES,
) -> Tensor:
    """``(1−r)² · L_own + (1 − (1−r)²) · L_mixture`` (MoME, arXiv 2405.10246).

    ``L_own`` is the mean over present experts of the loss of their own logits, each on the samples that
    have its sequence; ``L_mixture`` that of the prediction.

    Args:
        prediction: with ``expert_logits``, as networks give them in training mode.
        regions: ``[B, 3, D, H, W]``, 0 or 1.
        segmentation: the loss.
        progress: r, from 0 at the start to 1 at the end.
        available: ``[B, E]`` bool.
        experts: names of its columns.

    Raises:
        ValueError: ``progress`` is not between 0 and 1, or no expert has logits of its own.
    """
    if not 0.0 <= progress <= 1.0:
        raise ValueError(f"progress must lie between 0 and 1, not {progress}")
    if not prediction.expert_logits:
        raise ValueError("the prediction has no experts' own logits: is the network in training mode?")
    losses: list[Tensor] = []
    idle: list[Tensor] = []
    for index, name in enumerate(experts):
        if name in prediction.expert_logits:
            rows = available[:, index]
            losses.append(segmentation(prediction.expert_logits[name][rows], regions[rows]))
        elif world_size() > 1:
            idle.append(_of_nothing(prediction.logits, segmentation))
    own = torch.stack(losses).mean() + sum(idle)
    share = (1.0 - progress) ** 2
    return share * own + (1.0 - share) * segmentation(prediction.logits, regions)


def _of_nothing(logits: Tensor, segmentation: Segmentation) -> Tensor:
    """0, from a loss of an empty answer to an empty truth.

    A Dice over all processes waits for every one of them, forward and backward: one whose samples all
    lack a sequence must take part too, without adding anything to the sums.
    """
    nothing = logits * 0.0 + SURELY_OUTSIDE
    return 0.0 * segmentation(nothing, torch.zeros_like(nothing))
