"""Losses on nested regions."""

from __future__ import annotations

from monai.losses import DiceLoss
from torch import Tensor, nn


class DiceBce(nn.Module):
    """Soft Dice over the batch plus binary cross-entropy, the mean over WT, TC and ET."""

    def __init__(self) -> None:
        super().__init__()
        # Over the whole batch: a window without a region must not have a Dice of its own.
        self.dice = DiceLoss(sigmoid=True, batch=True, smooth_nr=1.0, smooth_dr=1.0)

    def forward(self, logits: Tensor, regions: Tensor) -> Tensor:
        """Scalar from logits and truth ``[B, 3, D, H, W]``."""
        logits = logits.float()
        return self.dice(logits, regions) + nn.functional.binary_cross_entropy_with_logits(logits, regions)
