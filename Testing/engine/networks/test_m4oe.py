"""The whole network: shapes, routing, missing sequences, phases, data sets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from humor.bundle.bundle import load_bundle
from humor.bundle.manifest import Manifest
from humor.bundle.save import save_bundle
from humor.networks.build import build, count_parameters
from humor.networks.experts import ExpertMlps
from humor.networks.m4oe.network import M4oe, draw_one
from humor.sequences import SEQUENCES
from humor_training.export import numpy_weights

SMALL: dict[str, Any] = {
    "name": "m4oe",
    "dims": [8, 12, 16],
    "depths": [2, 1, 1],
    "decoder_depths": [1, 1],
    "attention_heads": [2, 2, 2],
    "mlp_ratio": 2,
    "window": 3,
    "head_channels": 8,
}
GATES = {
    "encoder1/block1": 4,
    "encoder1/block2": 4,
    "encoder2/block3": 8,
    "encoder3/block4": 16,
    "decoder2/block5": 8,
    "decoder1/block6": 4,
}
"""Gate → voxels along the edge of a token."""


def make(phase: str = "all", **numbers: Any) -> M4oe:
    torch.manual_seed(0)
    network = build(SMALL | numbers)
    assert isinstance(network, M4oe)
    for name, parameter in network.named_parameters():
        if "gate" in name or "experts" in name:
            torch.nn.init.normal_(parameter, std=0.3)
    network.enter_phase(phase)
    return network


def flags(*present: int) -> Tensor:
    return torch.tensor([present], dtype=torch.bool)


ALL = flags(1, 1, 1, 1)


@pytest.mark.parametrize("window", [(32, 32, 32), (16, 48, 32), (16, 16, 16)])
def test_any_window_of_multiples_of_16_gives_logits_of_its_size(window: tuple[int, int, int]) -> None:
    network = make()
    assert network.multiple == 16
    with torch.no_grad():
        prediction = network(torch.randn(1, 4, *window), ALL)
    assert prediction.logits.shape == (1, 3, *window)
    assert [gate.name for gate in prediction.routing] == list(GATES)
    for gate in prediction.routing:
        assert gate.experts == SEQUENCES
        assert gate.weights.shape == (1, 4, *(edge // GATES[gate.name] for edge in window))
        torch.testing.assert_close(gate.weights.sum(1), torch.ones_like(gate.weights[:, 0]))


def test_wrong_windows_numbers_heads_and_phases_are_refused() -> None:
    with pytest.raises(ValueError, match="multiples of 16"):
        make()(torch.randn(1, 4, 32, 32, 24), ALL)
    with pytest.raises(ValueError, match="number per stage"):
        make(depths=[1, 1])
    with pytest.raises(ValueError, match="sequences, data_sets"):
        make(experts="patients")
    with pytest.raises(ValueError, match="head must be 0 to 0"):
        make()(torch.randn(1, 4, 16, 16, 16), ALL, head=1)
    with pytest.raises(ValueError, match="experts, all"):
        make().enter_phase("gates")


@pytest.mark.parametrize("phase", M4oe.phases)
def test_a_missing_sequence_reaches_nothing_and_its_expert_has_weight_zero(phase: str) -> None:
    network, image = make(phase).eval(), torch.randn(2, 4, 16, 32, 16)
    other = image.clone()
    other[0, 1], other[1, 3] = float("nan"), 1e6
    available = torch.cat([flags(1, 0, 1, 1), flags(1, 1, 0, 0)])
    with torch.no_grad():
        first, second = network(image, available), network(other, available)
        assert torch.equal(first.logits, second.logits)
        assert not torch.allclose(first.logits, network(image, ALL.expand(2, -1)).logits)
    for a, b in zip(first.routing, second.routing, strict=True):
        assert torch.equal(a.weights, b.weights)
        assert (a.weights[0, 1] == 0).all() and (a.weights[1, 2:] == 0).all()
        assert (a.weights[0, 0] > 0).all() and a.weights[0].std() > 0
        torch.testing.assert_close(a.weights.sum(1), torch.ones_like(a.weights[:, 0]))


def macs(network: M4oe, available: Tensor) -> int:
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(torch.zeros(1, 4, 32, 32, 32), available)
    return counter.get_total_flops() // 2


def test_experts_of_missing_sequences_do_no_work() -> None:
    network = make().eval()
    # Both layers of one expert, at every token of every block.
    stages = {4: 8, 8: 12, 16: 16}
    one = sum((32 // edge) ** 3 * 2 * stages[edge] * 2 * stages[edge] for edge in GATES.values())
    every = macs(network, ALL)
    assert every - macs(network, flags(0, 1, 0, 1)) == 2 * one
    assert every - macs(network, flags(0, 1, 0, 0)) == 3 * one


def test_one_sequence_is_drawn_evenly_from_the_present_ones_and_again_after_the_same_seed() -> None:
    available = flags(1, 0, 1, 1).expand(3000, -1)
    torch.manual_seed(1)
    drawn = draw_one(available)
    assert (drawn.sum(1) == 1).all() and not drawn[:, 1].any()
    assert all(900 < count < 1100 for count in drawn.sum(0)[[0, 2, 3]].tolist())
    torch.manual_seed(1)
    assert torch.equal(draw_one(available), drawn)


def test_the_answer_of_separate_experts_is_the_mean_over_present_sequences() -> None:
    network, image = make("experts").eval(), torch.randn(2, 4, 16, 16, 32)
    available = torch.cat([flags(1, 0, 1, 0), flags(0, 1, 1, 1)])
    with torch.no_grad():
        found = network(image, available)
        alone = [network(image, torch.eye(4)[[s, s]].bool()).logits for s in range(4)]
    torch.testing.assert_close(found.logits[0], (alone[0][0] + alone[2][0]) / 2)
    torch.testing.assert_close(found.logits[1], (alone[1][1] + alone[2][1] + alone[3][1]) / 3)
    assert found.routing == [] and found.auxiliary == {}


def test_with_one_sequence_both_phases_are_the_same() -> None:
    network, image = make("experts").eval(), torch.randn(1, 4, 16, 16, 32)
    with torch.no_grad():
        apart = network(image, flags(0, 0, 1, 0)).logits
        network.enter_phase("all")
        torch.testing.assert_close(network(image, flags(0, 0, 1, 0)).logits, apart)


def banks(network: M4oe) -> list[ExpertMlps]:
    return [module for module in network.modules() if isinstance(module, ExpertMlps)]


def test_in_training_a_sample_goes_through_the_experts_of_one_sequence_only() -> None:
    network = make("experts").train()
    torch.manual_seed(3)
    chosen = int(draw_one(ALL).int().argmax())
    torch.manual_seed(3)
    network(
        torch.randn(1, 4, 16, 32, 16, generator=torch.Generator().manual_seed(0)), ALL
    ).logits.square().mean().backward()
    channels = network.body.embed.weight.grad
    assert channels is not None
    assert [bool(part.abs().sum() > 0) for part in channels.unbind(1)] == [s == chosen for s in range(4)]
    for bank in banks(network):
        grad = bank.expand.weight.grad
        assert grad is not None
        assert [bool(part.abs().sum() > 0) for part in grad.chunk(4)] == [s == chosen for s in range(4)]


@pytest.mark.parametrize("phase", M4oe.phases)
def test_gates_learn_with_the_experts_but_not_before(phase: str) -> None:
    network = make(phase).train()
    before = {name: p.detach().clone() for name, p in network.named_parameters()}
    optimiser = torch.optim.AdamW(network.parameters(), 1e-2, weight_decay=0.1)
    for _ in range(2):
        prediction = network(torch.randn(2, 4, 32, 16, 16), ALL.expand(2, -1))
        (prediction.logits.square().mean() + sum(prediction.auxiliary.values())).backward()
        optimiser.step()
    for name, parameter in network.named_parameters():
        learns = phase == "all" or ".gate." not in name
        assert parameter.requires_grad == learns, name
        assert torch.equal(parameter, before[name]) != learns, name


def test_data_sets_have_heads_and_may_have_experts_of_their_own() -> None:
    network = make("experts", experts="data_sets", heads=["brats", "stroke"]).eval()
    image, available = torch.randn(1, 4, 16, 16, 16), flags(1, 0, 1, 1)
    with torch.no_grad():
        first, second = (network(image, available, head).logits for head in (0, 1))
        assert not torch.allclose(first, second)
        network.enter_phase("all")
        gates = network(image, available, 1).routing
    assert gates and all(gate.experts == ("brats", "stroke") and (gate.weights > 0).all() for gate in gates)


def test_the_experts_of_another_data_set_get_no_gradient() -> None:
    network = make("experts", experts="data_sets", heads=["brats", "stroke"]).train()
    network(torch.randn(1, 4, 16, 16, 16), flags(1, 0, 1, 1), 1).logits.square().mean().backward()
    for bank in banks(network):
        grad = bank.expand.weight.grad
        assert grad is not None
        assert [bool(part.abs().sum() > 0) for part in grad.chunk(2)] == [False, True]
    assert network.heads[0].weight.grad is None and network.heads[1].weight.grad is not None


def test_weights_survive_a_bundle_in_half_precision(tmp_path: Path) -> None:
    network = make().eval()
    architecture = dict(SMALL)
    save_bundle(
        tmp_path / "small", Manifest("small", "random", "teacher", architecture), numpy_weights(network)
    )
    bundle = load_bundle(tmp_path / "small")
    loaded = bundle.weights()
    assert {array.dtype.name for array in loaded.values()} == {"float16"}
    again = build(bundle.manifest.architecture).eval()
    again.load_state_dict({name: torch.from_numpy(array).float() for name, array in loaded.items()})
    image = torch.randn(1, 4, 16, 16, 16)
    with torch.no_grad():
        exact = network(image, ALL).logits
        network.half().float()
        assert torch.equal(again(image, ALL).logits, network(image, ALL).logits)
        torch.testing.assert_close(again(image, ALL).logits, exact, atol=0.02, rtol=0.02)


def test_it_can_run_in_low_precision() -> None:
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        prediction = make()(torch.randn(1, 4, 16, 32, 16), flags(1, 1, 0, 1))
    for gate in prediction.routing:
        torch.testing.assert_close(gate.weights.sum(1), torch.ones_like(gate.weights[:, 0]))
    assert prediction.logits.isfinite().all()


@pytest.mark.parametrize("phase", M4oe.phases)
def test_it_learns_a_bright_ball_in_either_phase(phase: str) -> None:
    network = build(SMALL | {"dims": [16, 16, 16]}).train()
    network.enter_phase(phase)  # type: ignore[operator]
    torch.manual_seed(0)
    places = torch.stack(torch.meshgrid(*[torch.linspace(-1, 1, 32)] * 3, indexing="ij"))
    ball = (((places - 0.3) ** 2).sum(0) < 0.25).float().expand(1, 3, -1, -1, -1)
    image = torch.randn(1, 4, 32, 32, 32) * 0.3 + 2 * ball[:, :1]
    optimiser = torch.optim.AdamW([p for p in network.parameters() if p.requires_grad], 1e-2)
    losses = []
    for _ in range(30):
        prediction = network(image, ALL)
        loss = torch.nn.functional.binary_cross_entropy_with_logits(prediction.logits, ball)
        total = loss + 0.01 * sum(prediction.auxiliary.values())
        optimiser.zero_grad()
        total.backward()
        optimiser.step()
        losses.append(loss.item())
    assert min(losses[-3:]) < 0.4 * losses[0]


def test_the_default_has_between_20_and_40_million_parameters() -> None:
    assert 20e6 < count_parameters(build({"name": "m4oe"})) < 40e6
