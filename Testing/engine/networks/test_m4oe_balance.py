from __future__ import annotations

import pytest
import torch

from humor.networks.experts import BalanceLoss
from humor.networks.m4oe.swin_unet import FairShareLoss


def flags(*rows: list[int]) -> torch.Tensor:
    return torch.tensor(rows, dtype=torch.bool)


def test_even_weights_over_the_allowed_experts_cost_nothing() -> None:
    allowed = flags([1, 1, 1, 1], [1, 0, 1, 0], [0, 0, 0, 1])
    weights = (allowed / allowed.sum(1, keepdim=True))[:, None].expand(-1, 5, -1)
    assert float(FairShareLoss(4).train()(weights, allowed)) == pytest.approx(0.0, abs=1e-12)


def test_with_all_experts_allowed_it_is_the_plain_balance_loss() -> None:
    fair, plain = FairShareLoss(4).train(), BalanceLoss(4).train()
    torch.manual_seed(0)
    for _ in range(5):
        weights = torch.randn(2, 6, 4).softmax(-1)
        expected = plain(weights)
        torch.testing.assert_close(fair(weights, flags([1, 1, 1, 1], [1, 1, 1, 1])), expected)


def test_the_value_is_that_of_the_formula() -> None:
    loss = FairShareLoss(4, decay=0.5).train()
    weights = torch.tensor([[[0.9, 0.1, 0.0, 0.0]]])
    # Excess 0.4 and −0.4, half of it after one step: 4 · 2 · 0.2².
    assert float(loss(weights, flags([1, 1, 0, 0]))) == pytest.approx(4 * 2 * 0.2**2, rel=1e-5)
    loss.eval()
    loss(weights, flags([1, 1, 0, 0]))
    torch.testing.assert_close(loss.excess, torch.tensor([0.2, -0.2, 0.0, 0.0]))


def test_the_gradient_pushes_the_overused_of_the_allowed_down() -> None:
    weights = torch.tensor([[[0.9, 0.1, 0.0, 0.0]]], requires_grad=True)
    FairShareLoss(4).train()(weights, flags([1, 1, 0, 0])).backward()
    assert weights.grad is not None
    down, up, *missing = weights.grad[0, 0].tolist()
    assert down > 0 > up and missing == [0.0, 0.0]
