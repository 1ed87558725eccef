from __future__ import annotations

import copy
from dataclasses import replace
from typing import Literal

import pytest
import torch
from torch import nn

from humor.networks.build import build
from humor_training.recipe import Recipe, Stage
from humor_training.run.optimisation import checkpoint_blocks, learning_rate, update_ema


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


RECIPE = Recipe({"name": "x"}, (Stage(102, (32, 32, 32), 1),), learning_rate=1e-3, warmup=2)


@pytest.mark.parametrize("schedule", ["cosine", "poly"])
def test_the_rate_warms_up_and_fades(schedule: Literal["cosine", "poly"]) -> None:
    recipe = replace(RECIPE, schedule=schedule)
    rates = [learning_rate(recipe, step) for step in range(recipe.steps + 1)]
    assert rates[:2] == [5e-4, 1e-3]
    assert rates[2:] == sorted(rates[2:], reverse=True) and rates[-1] == pytest.approx(1e-5)


def test_half_way_the_cosine_is_at_half_and_poly_above() -> None:
    assert learning_rate(RECIPE, 52) == pytest.approx(1e-3 * (0.01 + 0.99 * 0.5))
    poly = replace(RECIPE, schedule="poly")
    assert learning_rate(poly, 52) == pytest.approx(1e-3 * (0.01 + 0.99 * 0.5**0.9))


SMALL = {"dim": 24, "mlp": 48, "depth": 4, "heads": 3, "feature_size": 4}


def test_gradients_are_the_same_and_blocks_run_twice() -> None:
    torch.manual_seed(0)
    plain = build({"name": "humor_student_pyramid", **SMALL})
    frugal = copy.deepcopy(plain)
    runs: list[int] = []
    frugal.decoder.join[0].conv1.register_forward_hook(lambda *_: runs.append(1))  # type: ignore[union-attr, index]
    assert checkpoint_blocks(frugal) == 6
    image, available = torch.randn(1, 4, 32, 32, 32), torch.ones(1, 4, dtype=torch.bool)
    for network in (plain, frugal):
        network(image, available).logits.square().mean().backward()
    assert len(runs) == 2
    for one, other in zip(plain.parameters(), frugal.parameters(), strict=True):
        if one.grad is not None:
            assert other.grad is not None
            torch.testing.assert_close(one.grad, other.grad)
