"""A compiled network: the same numbers, the same weights; and what happens where it cannot be compiled."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn

from humor.networks.build import build
from humor.networks.prediction import Prediction
from humor_training.losses.objective import Objective, compiled
from humor_training.recipe import LossWeights, Recipe, Stage

NETWORK = {
    "name": "humor_student_pyramid",
    **{"dim": 24, "mlp": 48, "depth": 4, "heads": 3, "feature_size": 4, "deep": 2},
}
RECIPE = Recipe(NETWORK, (Stage(4, (32, 32, 32), 1),), precision="fp32", loss=LossWeights(deep=0.5))


def batch() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    chance = torch.Generator().manual_seed(0)
    image = torch.randn(1, 4, 32, 32, 32, generator=chance)
    regions = (torch.rand(1, 3, 32, 32, 32, generator=chance) > 0.8).float()
    return image, regions, torch.tensor([[True, True, False, True]])


def gradients(network: nn.Module, recipe: Recipe) -> tuple[float, dict[str, torch.Tensor]]:
    network.zero_grad()
    total = Objective(network, recipe)(*batch(), 0)["total"]
    total.backward()
    found = {name: weight.grad for name, weight in network.named_parameters() if weight.grad is not None}
    return float(total.detach()), found


@pytest.mark.heavy
def test_losses_and_gradients_agree_with_those_that_are_not_compiled() -> None:
    torch.manual_seed(0)
    network = build(NETWORK).train()
    loss, expected = gradients(network, RECIPE)
    loss_compiled, found = gradients(network, replace(RECIPE, compile=True))
    assert loss_compiled == pytest.approx(loss, rel=1e-5)
    assert {name for name, grad in found.items() if grad.any()} == set(expected)
    for name, grad in expected.items():
        torch.testing.assert_close(found[name], grad, rtol=1e-3, atol=1e-5)


def test_the_weights_of_a_compiled_network_stand_once() -> None:
    network = build(NETWORK)
    names = set(Objective(network, replace(RECIPE, compile=True)).state_dict())
    assert names == {f"network.{name}" for name in network.state_dict()}


def test_where_it_cannot_be_compiled_the_network_itself_is_called_with_a_warning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls = []

    def no_compiler(network: nn.Module, **options: Any) -> Callable[..., Any]:
        def fail(*args: Any) -> Any:
            calls.append(args)
            raise torch._inductor.exc.InductorError(RuntimeError("no C++ compiler"), None)

        return fail

    monkeypatch.setattr(torch, "compile", no_compiler)
    network = build(NETWORK).eval()
    forward = compiled(network)
    image, _, available = batch()
    with pytest.warns(UserWarning, match="no C\\+\\+ compiler"):
        found = forward(image, available)
    torch.testing.assert_close(found.logits, network(image, available).logits)
    forward(image, available)
    assert len(calls) == 1  # it is not tried again


@pytest.mark.parametrize("share", [1.0, 2.0])
def test_a_compiled_network_with_another_gradient_is_not_trained(
    monkeypatch: pytest.MonkeyPatch, share: float
) -> None:
    """A stand-in for a compiler: the network itself, whose gradient is right or twice as large."""
    calls = []

    def compiler(network: nn.Module, **options: Any) -> Callable[..., Any]:
        def forward(image: torch.Tensor, available: torch.Tensor) -> Prediction:
            calls.append(image.shape)
            found = network(image, available)
            return replace(found, logits=share * found.logits + (1 - share) * found.logits.detach())

        return forward

    monkeypatch.setattr(torch, "compile", compiler)
    torch.manual_seed(0)
    network = build(NETWORK).train()
    objective = Objective(network, replace(RECIPE, compile=True, loss=LossWeights()))
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        objective(*batch(), 0)["total"].backward()
        objective(*batch(), 1)
    told = [str(each.message) for each in said if "another gradient" in str(each.message)]
    assert len(told) == (share != 1.0)
    assert len(calls) == (3 if share == 1.0 else 1)  # looked at once, and used from then on; or never again
