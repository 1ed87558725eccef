"""A teacher's probabilities as targets."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def soft_target_loss(student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """``T² · KL(σ(teacher/T) ‖ σ(student/T))``, the mean over voxels and regions, in nats.

    Regions are nested, not exclusive, so each is a distribution over two outcomes. ``T²`` keeps the
    size of the gradient when T changes (Hinton et al. 2015, arXiv 1503.02531).

    Args:
        student: logits ``[B, 3, D, H, W]``.
        teacher: logits of the same shape, without gradient.
        temperature: T; above 1 the teacher's small probabilities count more.
    """
    guess, target = student.float() / temperature, teacher.float() / temperature
    probability = target.sigmoid()
    log_ratio_in = nn.functional.logsigmoid(target) - nn.functional.logsigmoid(guess)
    log_ratio_out = nn.functional.logsigmoid(-target) - nn.functional.logsigmoid(-guess)
    divergence = probability * log_ratio_in + (1.0 - probability) * log_ratio_out
    return temperature**2 * torch.mean(divergence)
