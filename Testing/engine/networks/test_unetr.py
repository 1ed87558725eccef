from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from humor.errors import BundleError
from humor.networks.build import build
from humor.networks.names import gate_names
from humor.networks.unetr import Unetr

SMALL: dict[str, dict[str, Any]] = {
    "soft token gates": {"name": "humor_teacher"},
    "window gates": {"name": "humor_teacher", "token_gate": False},
    "top-2": {"name": "humor_teacher", "top_k": 2},
    "student": {"name": "humor_student"},
    "pyramid student": {"name": "humor_student_pyramid"},
}
NUMBERS = {"dim": 48, "mlp": 96, "depth": 4, "feature_size": 4}


@pytest.fixture(params=SMALL, ids=list(SMALL))
def network(request: pytest.FixtureRequest) -> Iterator[nn.Module]:
    torch.manual_seed(0)
    yield build(SMALL[request.param] | NUMBERS).eval()


def flags(*present: bool) -> Tensor:
    return torch.tensor([present])


def test_any_window_of_multiples_of_16_gives_logits_of_its_size(network: nn.Module) -> None:
    for window in [(64, 64, 64), (32, 48, 80)]:
        with torch.no_grad():
            prediction = network(torch.randn(1, 4, *window), flags(True, True, True, True))
        assert prediction.logits.shape == (1, 3, *window)
        assert [gate.name for gate in prediction.routing] == gate_names(4)
        for gate in prediction.routing:
            assert gate.weights.shape[2:] in ((1, 1, 1), tuple(edge // 16 for edge in window))
            torch.testing.assert_close(gate.weights.sum(1), torch.ones_like(gate.weights[:, 0]))


def test_another_window_is_refused(network: nn.Module) -> None:
    with pytest.raises(ValueError, match="multiples of 16"):
        network(torch.randn(1, 4, 64, 64, 72), flags(True, True, True, True))


def test_what_stands_in_a_missing_channel_changes_nothing(network: nn.Module) -> None:
    image = torch.randn(1, 4, 48, 48, 48)
    other = image.clone()
    other[:, 1] = float("nan")
    other[:, 2] = 1e6
    available = flags(True, False, False, True)
    with torch.no_grad():
        first, second = network(image, available), network(other, available)
    assert torch.equal(first.logits, second.logits)
    for a, b in zip(first.routing, second.routing, strict=True):
        assert torch.equal(a.weights, b.weights)


def test_what_stands_in_a_present_channel_does_change_something(network: nn.Module) -> None:
    image = torch.randn(1, 4, 48, 48, 48)
    changed = image.clone()
    changed[:, 3] *= 2
    with torch.no_grad():
        available = flags(True, False, False, True)
        assert not torch.equal(network(image, available).logits, network(changed, available).logits)


def test_gradients_reach_every_parameter_of_the_segmentation(network: nn.Module) -> None:
    prediction = network.train()(torch.randn(2, 4, 48, 48, 48), torch.ones(2, 4, dtype=torch.bool))
    (prediction.logits.square().mean() + sum(prediction.auxiliary.values())).backward()
    # Gate heads of a student are fitted apart. Position encodings start at 0 but get gradient.
    idle = [name for name, p in network.named_parameters() if p.grad is None and "gate_head" not in name]
    assert idle == []
    for name, parameter in network.named_parameters():
        if "experts.expand.weight" in name:
            assert parameter.grad is not None
            assert all(part.abs().sum() > 0 for part in parameter.grad.chunk(3)), name


def test_gate_heads_pass_no_gradient_into_the_student() -> None:
    student = build({"name": "humor_student_pyramid"} | NUMBERS)
    prediction = student(torch.randn(1, 4, 48, 48, 48), flags(True, True, True, True))
    sum(gate.weights.square().sum() for gate in prediction.routing).backward()
    touched = {name for name, parameter in student.named_parameters() if parameter.grad is not None}
    assert touched and all("gate_head" in name for name in touched)


def test_unknown_architectures_and_numbers_are_named() -> None:
    with pytest.raises(BundleError, match="no-such-net"):
        build({"name": "no-such-net"})
    with pytest.raises(BundleError, match="widht"):
        build({"name": "humor_teacher", "widht": 3})


def test_routing_alone_is_that_of_the_whole_network(network: nn.Module) -> None:
    image, available = torch.randn(1, 4, 48, 48, 48), flags(True, True, False, True)
    assert isinstance(network, Unetr)
    with torch.no_grad():
        alone, whole = network.route(image, available), network(image, available).routing
    for a, b in zip(alone, whole, strict=True):
        assert a.name == b.name and torch.equal(a.weights, b.weights)
