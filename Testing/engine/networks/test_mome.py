"""The whole network: shapes, mixing, missing sequences, phases."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from humor.bundle.bundle import load_bundle
from humor.bundle.manifest import Manifest
from humor.bundle.save import save_bundle
from humor.networks.build import build, count_parameters
from humor.networks.mome import Mome, mix
from humor.networks.prediction import Prediction
from humor.sequences import SEQUENCES
from humor_training.export import numpy_weights

SMALL: dict[str, Any] = {"name": "mome", "widths": [4, 4, 6, 6, 8], "gate_width": 4}
SCALES = {"scale 1/1": 1, "scale 1/2": 2, "scale 1/4": 4, "scale 1/8": 8}


def make(phase: str = "all", **numbers: Any) -> Mome:
    """With gates that differ from place to place."""
    torch.manual_seed(0)
    network = build(SMALL | numbers)
    assert isinstance(network, Mome)
    for head in network.gates.heads:
        nn.init.normal_(head.weight, std=1.0)  # type: ignore[arg-type]
    network.enter_phase(phase)
    return network


def flags(*present: int) -> Tensor:
    return torch.tensor([present], dtype=torch.bool)


ALL = flags(1, 1, 1, 1)


@pytest.mark.parametrize("window", [(32, 32, 32), (16, 48, 32)])
def test_any_window_of_multiples_of_16_gives_logits_and_gates_of_its_size(
    window: tuple[int, int, int],
) -> None:
    network = make().train()
    assert network.multiple == 16
    with torch.no_grad():
        prediction = network(torch.randn(1, 4, *window), ALL)
    assert prediction.logits.shape == (1, 3, *window)
    assert [logits.shape[2:] for logits in prediction.deep] == [
        tuple(edge // factor for edge in window) for factor in (2, 4, 8)
    ]
    assert list(prediction.expert_logits) == list(SEQUENCES)
    assert all(logits.shape == (1, 3, *window) for logits in prediction.expert_logits.values())
    assert [gate.name for gate in prediction.routing] == list(SCALES)
    for gate in prediction.routing:
        assert gate.experts == SEQUENCES
        assert gate.weights.shape == (1, 4, *(edge // SCALES[gate.name] for edge in window))


def test_deep_and_own_logits_are_for_training_only() -> None:
    with torch.no_grad():
        prediction = make().eval()(torch.randn(1, 4, 32, 16, 16), ALL)
    assert prediction.deep == [] and prediction.expert_logits == {} and len(prediction.routing) == 4


def test_wrong_windows_and_phases_are_refused() -> None:
    for window in [(32, 32, 24), (16, 16, 16)]:
        with pytest.raises(ValueError, match="multiples of 16"):
            make()(torch.randn(1, 4, *window), ALL)
    with pytest.raises(ValueError, match="experts, all"):
        make().enter_phase("gates")


@pytest.mark.parametrize("phase", Mome.phases)
def test_a_missing_sequence_reaches_nothing_and_its_expert_has_weight_zero(phase: str) -> None:
    network, image = make(phase).eval(), torch.randn(2, 4, 16, 32, 16)
    other = image.clone()
    other[0, 1], other[1, 3] = float("nan"), 1e6
    available = torch.cat([flags(1, 0, 1, 1), flags(1, 1, 0, 0)])
    with torch.no_grad():
        first, second = network(image, available), network(other, available)
        assert torch.equal(first.logits, second.logits)
        assert not torch.allclose(first.logits, network(image, ALL.expand(2, -1)).logits)
    assert len(first.routing) == (4 if phase == "all" else 0)
    for a, b in zip(first.routing, second.routing, strict=True):
        assert torch.equal(a.weights, b.weights)
        assert (a.weights[0, 1] == 0).all() and (a.weights[1, 2:] == 0).all()
        assert (a.weights[0, 0] > 0).all() and a.weights[0].std() > 0
        torch.testing.assert_close(a.weights.sum(1), torch.ones_like(a.weights[:, 0]))


@pytest.mark.parametrize("phase", Mome.phases)
def test_experts_run_on_the_samples_that_have_their_sequence_and_on_no_others(phase: str) -> None:
    network, seen = make(phase), Counter[str]()

    def count(name: str) -> Any:
        return lambda module, inputs: seen.update({name: len(inputs[0])})

    for name, expert in network.experts.items():
        expert.register_forward_pre_hook(count(name))
    with torch.no_grad():
        network(torch.randn(2, 4, 32, 16, 16), torch.cat([flags(1, 0, 0, 1), flags(1, 0, 0, 0)]))
    assert seen == {"t1": 2, "flair": 1}


def test_the_mixture_is_the_sum_of_weighted_logits() -> None:
    weights = torch.tensor([0.25, 0.75]).view(1, 2, 1, 1, 1) * torch.ones(1, 2, 1, 1, 2)
    weights[..., 1] = torch.tensor([1.0, 0.0]).view(1, 2, 1, 1)
    first, second = torch.tensor([[4.0, 8.0], [-4.0, 2.0]]), torch.tensor([[8.0, 5.0], [0.0, 9.0]])
    found = mix(weights, {0: first.view(1, 2, 1, 1, 2), 1: second.view(1, 2, 1, 1, 2)})
    assert found.flatten().tolist() == [7.0, 8.0, -1.0, 2.0]


def by_hand(network: Mome, image: Tensor, prediction: Prediction) -> list[Tensor]:
    """Logits of every scale from the experts, asked one by one, and the prediction's routing."""
    answers = [expert(image[:, i : i + 1]).logits for i, expert in enumerate(network.experts.values())]
    return [
        sum((gate.weights[:, e, None] * answers[e][s] for e in range(4)), torch.zeros(()))
        for s, gate in enumerate(prediction.routing)
    ]


def test_every_scale_mixes_the_experts_by_its_own_gate() -> None:
    network, image = make().train(), torch.randn(2, 4, 16, 32, 32)
    with torch.no_grad():
        prediction = network(image, ALL.expand(2, -1))
        expected = by_hand(network, image, prediction)
    assert len(expected) == 4
    for found, wanted in zip([prediction.logits, *prediction.deep], expected, strict=True):
        torch.testing.assert_close(found, wanted)
    for name, own in prediction.expert_logits.items():
        index = SEQUENCES.index(name)
        torch.testing.assert_close(own, network.experts[name](image[:, index : index + 1]).logits[0])


def test_new_gates_go_on_where_separate_experts_ended() -> None:
    torch.manual_seed(0)
    network, image = build(SMALL).train(), torch.randn(2, 4, 32, 16, 16)
    available = torch.cat([flags(1, 0, 1, 0), flags(0, 1, 1, 1)])
    with torch.no_grad():
        together = network(image, available)
        network.enter_phase("experts")  # type: ignore[operator]
        apart = network(image, available)
    own = apart.expert_logits
    torch.testing.assert_close(apart.logits[0], (own["t1"][0] + own["t2"][0]) / 2)
    torch.testing.assert_close(apart.logits[1], (own["t1c"][1] + own["t2"][1] + own["flair"][1]) / 3)
    for a, b in zip([apart.logits, *apart.deep], [together.logits, *together.deep], strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("phase", Mome.phases)
def test_gates_learn_with_the_experts_but_not_before(phase: str) -> None:
    network = make(phase).train()
    before = {name: p.detach().clone() for name, p in network.named_parameters()}
    optimiser = torch.optim.AdamW(network.parameters(), 1e-2, weight_decay=0.1)
    prediction = network(torch.randn(2, 4, 32, 16, 32), ALL.expand(2, -1))
    sum((scale.square().mean() for scale in prediction.deep), prediction.logits.square().mean()).backward()
    optimiser.step()
    for name, parameter in network.named_parameters():
        learns = phase == "all" or not name.startswith("gates.")
        assert parameter.requires_grad == learns, name
        assert torch.equal(parameter, before[name]) != learns, name


def test_experts_and_regions_are_whatever_the_numbers_say() -> None:
    network = make(experts=["flair", "dwi"], regions=1).eval()
    with torch.no_grad():
        prediction = network(torch.randn(1, 2, 32, 16, 16), flags(1, 1))
    assert prediction.logits.shape == (1, 1, 32, 16, 16)
    assert all(gate.experts == ("flair", "dwi") for gate in prediction.routing)


def test_weights_survive_a_bundle_in_half_precision(tmp_path: Path) -> None:
    network = make().eval()
    save_bundle(
        tmp_path / "small", Manifest("small", "random", "teacher", dict(SMALL)), numpy_weights(network)
    )
    bundle = load_bundle(tmp_path / "small")
    loaded = bundle.weights()
    assert {array.dtype.name for array in loaded.values()} == {"float16"}
    again = build(bundle.manifest.architecture).eval()
    again.load_state_dict({name: torch.from_numpy(array).float() for name, array in loaded.items()})
    image = torch.randn(1, 4, 32, 16, 16)
    with torch.no_grad():
        exact = network(image, ALL).logits
        network.half().float()
        assert torch.equal(again(image, ALL).logits, network(image, ALL).logits)
        torch.testing.assert_close(again(image, ALL).logits, exact, atol=0.02, rtol=0.02)


def test_it_can_run_in_low_precision() -> None:
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        prediction = make()(torch.randn(2, 4, 16, 32, 16), torch.cat([flags(1, 1, 0, 1), ALL]))
    for gate in prediction.routing:
        torch.testing.assert_close(gate.weights.sum(1), torch.ones_like(gate.weights[:, 0]))
    assert prediction.logits.isfinite().all()


@pytest.mark.parametrize("phase", Mome.phases)
def test_it_learns_a_bright_ball_in_either_phase(phase: str) -> None:
    torch.manual_seed(0)
    network = build(SMALL | {"widths": [6, 8, 8]}).train()
    network.enter_phase(phase)  # type: ignore[operator]
    places = torch.stack(torch.meshgrid(*[torch.linspace(-1, 1, 16)] * 3, indexing="ij"))
    ball = (((places - 0.3) ** 2).sum(0) < 0.25).float().expand(1, 3, -1, -1, -1)
    image = torch.randn(1, 4, 16, 16, 16) * 0.3 + 2 * ball[:, :1]
    optimiser = torch.optim.AdamW([p for p in network.parameters() if p.requires_grad], 3e-2)
    losses = []
    for _ in range(25):
        prediction = network(image, flags(1, 0, 1, 1))
        loss = nn.functional.binary_cross_entropy_with_logits(prediction.logits, ball)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.4 * losses[0]


def test_each_default_expert_has_between_4_and_8_million_parameters() -> None:
    network = build({"name": "mome"})
    assert isinstance(network, Mome) and list(network.experts) == list(SEQUENCES)
    assert all(4e6 < count_parameters(expert) < 8e6 for expert in network.experts.values())
