from __future__ import annotations

import pytest
import torch
from monai.losses import DiceLoss
from torch import Tensor, nn

from humor.networks.prediction import Prediction
from humor_training.losses import segmentation as own_experts
from humor_training.losses.segmentation import deep_dice_bce, dice_bce, own_experts_loss, soft_dice_loss


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


SIZE = (3, 4, 4, 4)
TWO = torch.tensor([[True, False, False, True], [True, False, False, False]])


def squared(logits: Tensor, truth: Tensor) -> Tensor:
    return (logits - truth).square().mean()


def example() -> tuple[Prediction, Tensor]:
    """Squared losses: mixture 9; t1 on both samples 4; flair 1 on the sample that has it, 49 on the other."""
    logits = torch.full((2, *SIZE), 3.0, requires_grad=True)
    flair = torch.tensor([1.0, 7.0]).view(2, 1, 1, 1, 1).expand(2, *SIZE)
    own = {"t1": torch.full((2, *SIZE), 2.0), "flair": flair}
    return Prediction(logits, expert_logits=own), torch.zeros(2, *SIZE)


@pytest.mark.parametrize(("progress", "own"), [(0.0, 1.0), (0.5, 0.25), (0.75, 0.0625), (1.0, 0.0)])
def test_the_experts_own_loss_gives_way_to_that_of_the_mixture(progress: float, own: float) -> None:
    prediction, regions = example()
    found = own_experts_loss(prediction, regions, squared, progress, TWO)
    assert float(found.detach()) == pytest.approx(own * (4 + 1) / 2 + (1 - own) * 9)


def test_an_expert_answers_only_for_the_samples_that_have_its_sequence() -> None:
    flair = torch.ones(2, *SIZE, requires_grad=True)
    prediction = Prediction(
        torch.zeros(2, *SIZE), expert_logits={"t1": torch.zeros(2, *SIZE), "flair": flair}
    )
    own_experts_loss(prediction, torch.zeros(2, *SIZE), dice_bce, 0.0, TWO).backward()
    assert flair.grad is not None
    assert flair.grad[0].abs().sum() > 0 and flair.grad[1].abs().sum() == 0


def test_columns_may_be_other_experts() -> None:
    prediction = Prediction(torch.zeros(1, *SIZE), expert_logits={"dwi": torch.full((1, *SIZE), 2.0)})
    flags = torch.tensor([[False, True]])
    found = own_experts_loss(prediction, torch.zeros(1, *SIZE), squared, 0.0, flags, ("flair", "dwi"))
    assert float(found) == 4.0


def test_among_processes_all_take_part_in_every_experts_loss_without_changing_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    prediction, regions = example()
    asked: list[Tensor] = []

    def noted(logits: Tensor, truth: Tensor) -> Tensor:
        asked.append(logits)
        return dice_bce(logits, truth)

    alone = own_experts_loss(prediction, regions, noted, 0.5, TWO)
    assert len(asked) == 3
    monkeypatch.setattr(own_experts, "world_size", lambda: 2)
    asked.clear()
    among = own_experts_loss(prediction, regions, noted, 0.5, TWO)
    torch.testing.assert_close(among, alone)
    assert len(asked) == 5  # t1, t1c, t2, flair, mixture
    for stand_in in asked[1:3]:
        assert stand_in.requires_grad  # so that the backward pass waits for this process too
        assert stand_in.sigmoid().sum() == 0


def test_wrong_progress_and_missing_logits_are_refused() -> None:
    prediction, regions = example()
    with pytest.raises(ValueError, match="between 0 and 1"):
        own_experts_loss(prediction, regions, squared, 1.5, TWO)
    with pytest.raises(ValueError, match="training mode"):
        own_experts_loss(Prediction(prediction.logits), regions, squared, 0.5, TWO)
