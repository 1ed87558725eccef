from __future__ import annotations

import pytest
import torch
from monai.losses import DiceLoss
from torch import nn

from humor_training.losses.segmentation import deep_dice_bce, dice_bce, soft_dice_loss


def some_truth(edge: int = 8) -> torch.Tensor:
    return (torch.rand(2, 3, edge, edge, edge, generator=torch.Generator().manual_seed(0)) > 0.6).float()


def test_the_loss_is_near_zero_for_the_truth_and_falls_towards_it() -> None:
    truth = some_truth()
    sure = (truth * 2 - 1) * 20
    values = [float(dice_bce(sure * factor, truth)) for factor in (-1.0, 0.0, 0.1, 1.0)]
    assert values == sorted(values, reverse=True)
    assert values[-1] == pytest.approx(0.0, abs=1e-3)


def test_the_dice_part_is_monais_batch_dice() -> None:
    truth, logits = some_truth(), torch.randn(2, 3, 8, 8, 8, generator=torch.Generator().manual_seed(1))
    theirs = DiceLoss(sigmoid=True, batch=True, smooth_nr=1.0, smooth_dr=1.0, reduction="none")(logits, truth)
    torch.testing.assert_close(soft_dice_loss(logits, truth), theirs.flatten())


def test_the_sum_is_dice_and_cross_entropy() -> None:
    truth, logits = some_truth(), torch.randn(2, 3, 8, 8, 8, generator=torch.Generator().manual_seed(1))
    expected = soft_dice_loss(logits, truth).mean() + nn.functional.binary_cross_entropy_with_logits(
        logits, truth
    )
    torch.testing.assert_close(dice_bce(logits, truth), expected)


def test_a_region_of_weight_zero_does_not_count() -> None:
    truth, logits = some_truth(), torch.zeros(2, 3, 8, 8, 8, requires_grad=True)
    only_wt = dice_bce(logits, truth, (1.0, 0.0, 0.0))
    torch.testing.assert_close(
        only_wt, dice_bce(logits[:, :1].expand(-1, 3, -1, -1, -1), truth[:, :1].expand(-1, 3, -1, -1, -1))
    )
    only_wt.backward()
    assert logits.grad is not None
    assert logits.grad[:, 0].abs().sum() > 0 and logits.grad[:, 1:].abs().sum() == 0


def test_a_window_without_tumour_still_gives_a_gradient() -> None:
    logits = torch.zeros(1, 3, 4, 4, 4, requires_grad=True)
    dice_bce(logits, torch.zeros(1, 3, 4, 4, 4)).backward()
    assert logits.grad is not None and (logits.grad > 0).all()


def test_deep_supervision_halves_from_scale_to_scale_and_keeps_thin_things() -> None:
    truth = torch.zeros(1, 3, 8, 8, 8)
    truth[:, :, 3, 3, 3] = 1.0
    coarse = torch.full((1, 3, 4, 4, 4), -20.0)
    coarse[:, :, 1, 1, 1] = 20.0
    assert float(deep_dice_bce([coarse], truth)) == pytest.approx(0.0, abs=1e-3)
    wrong = -coarse
    once, twice = (
        float(deep_dice_bce([wrong], truth)),
        float(deep_dice_bce([coarse, wrong[:, :, ::2, ::2, ::2]], truth)),
    )
    assert once == pytest.approx(0.5 * float(dice_bce(wrong, nn.functional.adaptive_max_pool3d(truth, 4))))
    assert 0 < twice < once
