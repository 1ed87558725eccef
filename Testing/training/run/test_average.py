from __future__ import annotations

import pytest
import torch
from torch import nn

from humor_training.run.optimisation import update_ema


def linear(value: float) -> nn.Linear:
    layer = nn.Linear(2, 2)
    nn.init.constant_(layer.weight, value)
    nn.init.constant_(layer.bias, value)
    return layer


def test_an_old_average_moves_by_one_minus_decay_and_a_young_one_faster() -> None:
    old, young, network = linear(0.0), linear(0.0), linear(1.0)
    update_ema(old, network, 0.9, step=10_000)
    update_ema(young, network, 0.9, step=0)
    assert float(old.weight[0, 0].detach()) == pytest.approx(0.1)
    assert float(young.weight[0, 0].detach()) == pytest.approx(0.9)
    torch.testing.assert_close(network.weight, torch.ones(2, 2))


def test_whole_numbers_are_copied() -> None:
    old, network = nn.BatchNorm1d(2), nn.BatchNorm1d(2)
    network.num_batches_tracked = torch.tensor(7)
    update_ema(old, network, 0.9, step=10_000)
    assert torch.equal(old.state_dict()["num_batches_tracked"], torch.tensor(7))
