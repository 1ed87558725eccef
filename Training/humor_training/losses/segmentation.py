"""Dice and cross-entropy on nested regions, at coarser scales, and of experts by themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from humor.networks.experts import sum_over_ranks, world_size
from humor.networks.prediction import Prediction
from humor.sequences import SEQUENCES

SMOOTH = 1.0
"""Added above and below the fraction, so that an empty region has a Dice and a small gradient."""


def soft_dice_loss(logits: Tensor, truth: Tensor) -> Tensor:
    """``1 − (2 Σ p·t + 1) / (Σ p + Σ t + 1)`` for every region, ``[3]``.

    Sums go over the whole batch, on all processes of a distributed training: a window without a
    region must not have a Dice of its own. (V-Net, arXiv 1606.04797, with batch Dice as in nnU-Net;
    MONAI's ``DiceLoss(batch=True)`` is the same number, but cannot sum over processes.)

    Args:
        logits: ``[B, 3, D, H, W]``.
        truth: the same shape, 0 or 1.
    """
    probability = logits.float().sigmoid()
    space = (0, 2, 3, 4)
    sums = [(probability * truth).sum(space), probability.sum(space) + truth.sum(space)]
    overlap, total = sum_over_ranks(torch.stack(sums))
    return 1.0 - (2.0 * overlap + SMOOTH) / (total + SMOOTH)


def cross_entropy(logits: Tensor, truth: Tensor) -> Tensor:
    """Mean binary cross-entropy of every region, ``[3]``, in nats."""
    losses = nn.functional.binary_cross_entropy_with_logits(logits.float(), truth, reduction="none")
    return losses.mean(dim=(0, 2, 3, 4))


def dice_bce(logits: Tensor, truth: Tensor, weights: Sequence[float] = (1.0, 1.0, 1.0)) -> Tensor:
    """Soft Dice plus binary cross-entropy, the weighted mean over WT, TC and ET.

    Args:
        logits: ``[B, 3, D, H, W]``.
        truth: the same shape, 0 or 1.
        weights: of the regions; not all 0. A curriculum leaves regions out with 0.
    """
    shares = torch.tensor(weights, device=logits.device) / sum(weights)
    return (shares * (soft_dice_loss(logits, truth) + cross_entropy(logits, truth))).sum()


def deep_dice_bce(
    deep: Sequence[Tensor], truth: Tensor, weights: Sequence[float] = (1.0, 1.0, 1.0)
) -> Tensor:
    """``dice_bce`` at coarser scales, halved from one scale to the next (deep supervision).

    The truth of a coarse voxel is whether any of its fine voxels belongs to the region: thin rims
    must not vanish.

    Args:
        deep: logits ``[B, 3, d, h, w]``, finest first.
        truth: ``[B, 3, D, H, W]``, edges multiples of those of ``deep``.
        weights: of the regions.
    """
    terms = []
    for index, logits in enumerate(deep):
        coarse = nn.functional.adaptive_max_pool3d(truth, logits.shape[2:])
        terms.append(0.5 ** (index + 1) * dice_bce(logits, coarse, weights))
    return torch.stack(terms).sum()


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
