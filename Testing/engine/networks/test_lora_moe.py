"""The whole network: shapes, routing, missing sequences, phases, sizes."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from humor.networks.build import build, count_parameters
from humor.networks.lora_moe.encoder import MoeBlock
from humor.networks.lora_moe.network import LoraMoe, adapter_parameters

SMALL: dict[str, Any] = {
    "name": "lora_moe",
    "dims": [8, 12, 16, 24],
    "depths": [1, 2, 2, 1],
    "heads": [1, 2, 2, 2],
    "gated": [1, 1, 1, 1],
    "mlp_ratio": 2,
    "rank": 2,
    "width": 12,
    "codewords": 6,
}
GATES = {"stage1/block1": 4, "stage2/block3": 8, "stage3/block5": 16, "stage4/block6": 32}
"""Gate → voxels along the edge of a token."""


def make(**numbers: Any) -> LoraMoe:
    torch.manual_seed(0)
    network = build(SMALL | numbers)
    assert isinstance(network, LoraMoe)
    return network


def flags(*present: bool) -> Tensor:
    return torch.tensor([present])


ALL = flags(True, True, True, True)


@pytest.mark.parametrize("window", [(64, 64, 64), (32, 96, 64), (32, 32, 32)])
def test_any_window_of_multiples_of_32_gives_logits_of_its_size(window: tuple[int, int, int]) -> None:
    with torch.no_grad():
        prediction = make()(torch.randn(1, 4, *window), ALL)
    assert prediction.logits.shape == (1, 3, *window)
    assert [gate.name for gate in prediction.routing] == list(GATES)
    for gate in prediction.routing:
        assert gate.experts == ("expert 1", "expert 2", "expert 3", "expert 4")
        assert gate.weights.shape == (1, 4, *(edge // GATES[gate.name] for edge in window))


def test_another_window_is_refused() -> None:
    with pytest.raises(ValueError, match="multiples of 32"):
        make()(torch.randn(1, 4, 64, 64, 48), ALL)


def test_each_token_keeps_two_experts_whose_weights_sum_to_one() -> None:
    with torch.no_grad():
        prediction = make()(torch.randn(2, 4, 64, 64, 64), ALL.expand(2, -1))
    for gate in prediction.routing:
        assert ((gate.weights > 0).sum(1) == 2).all()
        torch.testing.assert_close(gate.weights.sum(1), torch.ones_like(gate.weights[:, 0]))


def test_what_stands_in_a_missing_channel_changes_nothing() -> None:
    network, image = make(), torch.randn(1, 4, 32, 64, 32)
    other = image.clone()
    other[:, 1], other[:, 2] = float("nan"), 1e6
    available = flags(True, False, False, True)
    with torch.no_grad():
        first, second = network(image, available), network(other, available)
        fewer = network(image, flags(True, False, False, False))
    assert torch.equal(first.logits, second.logits)
    for a, b in zip(first.routing, second.routing, strict=True):
        assert torch.equal(a.weights, b.weights)
    assert not torch.allclose(first.logits, fewer.logits)


def test_a_missing_sequences_stem_gets_no_gradient() -> None:
    network = make()
    network.enter_phase("base")
    network(torch.randn(1, 4, 32, 32, 32), flags(True, False, True, True)).logits.square().mean().backward()
    seen = [
        sum(float(p.grad.abs().sum()) for p in stem.parameters() if p.grad is not None)
        for stem in network.encoder.stems.stems
    ]
    assert seen[1] == 0 and min(seen[0], seen[2], seen[3]) > 0


def test_new_adapters_change_nothing_but_add_gates() -> None:
    network, image = make(), torch.randn(1, 4, 32, 64, 32)
    with torch.no_grad():
        network.enter_phase("base")
        base = network(image, ALL)
        network.enter_phase("adapters")
        adapted = network(image, ALL)
    torch.testing.assert_close(adapted.logits, base.logits)
    assert base.routing == [] and base.auxiliary == {}
    assert len(adapted.routing) == 4 and set(adapted.auxiliary) == {"balance"}


def test_an_unknown_phase_is_refused() -> None:
    with pytest.raises(ValueError, match="base, adapters"):
        make().enter_phase("gates")


def step(network: LoraMoe) -> dict[str, Tensor]:
    """One optimiser step; what every tensor of the state was before."""
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    learning = [parameter for parameter in network.parameters() if parameter.requires_grad]
    optimiser = torch.optim.AdamW(learning, 1e-2, weight_decay=0.1)
    prediction = network.train()(torch.randn(2, 4, 64, 32, 32), ALL.expand(2, -1))
    (prediction.logits.square().mean() + sum(prediction.auxiliary.values())).backward()
    optimiser.step()
    return before


def moved(network: LoraMoe, before: dict[str, Tensor]) -> set[str]:
    return {name for name, tensor in network.state_dict().items() if not torch.equal(tensor, before[name])}


def is_adapter(name: str) -> bool:
    return "update." in name or ".gate." in name


def test_with_adapters_the_base_gets_no_gradient_and_does_not_move() -> None:
    network = make()
    first, second = step(network), step(network)  # A moves once B has left 0
    assert set(first) == set(second)
    for name, parameter in network.named_parameters():
        if name.startswith("encoder.") and not is_adapter(name):
            assert not parameter.requires_grad and parameter.grad is None, name
    changed = moved(network, first)
    frozen = {name for name in first if name.startswith("encoder.") and not is_adapter(name)}
    assert {name for name in changed & frozen if not name.endswith("balance.mean")} == set()
    assert {name for name in first if is_adapter(name) and name not in changed} == set()
    assert {name for name in first if name.startswith("decoder.") and name not in changed} == set()


def test_in_the_base_phase_only_the_plain_network_moves() -> None:
    network = make()
    network.enter_phase("base")
    changed = moved(network, step(network))
    expected = {
        name
        for name, _ in network.named_parameters()
        if not is_adapter(name) and not name.endswith("key.base.bias")  # softmax ignores it
    }
    assert expected <= changed
    assert not any(is_adapter(name) or "balance" in name for name in changed)


def test_the_published_numbers_train_less_than_3_percent_of_a_frozen_encoder() -> None:
    network = build({"name": "lora_moe"})
    assert isinstance(network, LoraMoe)
    learning = sum(p.numel() for p in network.encoder.parameters() if p.requires_grad)
    frozen = sum(p.numel() for p in network.encoder.parameters() if not p.requires_grad)
    assert learning == sum(p.numel() for p in adapter_parameters(network))
    assert 0.02 < learning / frozen < 0.03
    # Stems are a small part of the frozen encoder: leaving them out of it changes little.
    assert learning / (frozen - count_parameters(network.encoder.stems)) < 0.03
    # The decoder learns as well and is counted apart.
    assert (learning + count_parameters(network.decoder)) / count_parameters(network) < 0.06
    assert 30e6 < count_parameters(network) < 40e6


def test_weights_are_the_same_in_both_phases() -> None:
    network = make()
    names = set(network.state_dict())
    network.enter_phase("base")
    assert set(network.state_dict()) == names


def test_wrong_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="4 numbers each"):
        make(depths=[1, 1, 1])
    with pytest.raises(ValueError, match="gated ones"):
        make(gated=[2, 1, 1, 1])
    with pytest.raises(ValueError, match="end with 3"):
        make(scales=[0, 1, 2])


def test_it_can_run_in_low_precision() -> None:
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        prediction = make()(torch.randn(1, 4, 32, 32, 32), ALL)
    for gate in prediction.routing:
        torch.testing.assert_close(gate.weights.sum(1), torch.ones_like(gate.weights[:, 0]))
    assert prediction.logits.isfinite().all()


@pytest.mark.parametrize("phase", LoraMoe.phases)
def test_it_learns_a_bright_ball_in_either_phase(phase: str) -> None:
    network = make(dims=[16, 16, 24, 32], heads=[1, 1, 1, 1]).train()
    network.enter_phase(phase)
    places = torch.stack(torch.meshgrid(*[torch.linspace(-1, 1, 32)] * 3, indexing="ij"))
    ball = (((places - 0.3) ** 2).sum(0) < 0.25).float().expand(1, 3, -1, -1, -1)
    image = torch.randn(1, 4, 32, 32, 32) * 0.3 + 2 * ball[:, :1]
    learning = [parameter for parameter in network.parameters() if parameter.requires_grad]
    optimiser = torch.optim.AdamW(learning, 1e-2)
    losses = []
    for _ in range(25):
        prediction = network(image, ALL)
        loss = torch.nn.functional.binary_cross_entropy_with_logits(prediction.logits, ball)
        total = loss + 0.01 * sum(prediction.auxiliary.values())
        optimiser.zero_grad()
        total.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.3 * losses[0]
    if phase == "adapters":
        moe = [module for module in network.modules() if isinstance(module, MoeBlock)]
        assert all(float(block.balance.mean.std()) > 0 for block in moe)
