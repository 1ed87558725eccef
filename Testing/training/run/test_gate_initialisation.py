from __future__ import annotations

import pytest
import torch

from humor.networks.build import build
from humor.networks.unetr import Unetr
from humor_training.losses.objective import Batch
from humor_training.run.gate_initialisation import directions, initialise_gates

SMALL = {"dim": 24, "mlp": 48, "depth": 4, "heads": 3, "feature_size": 4}


def batches() -> list[Batch]:
    """Windows whose lower half is air, of changing subsets."""
    chance = torch.Generator().manual_seed(1)
    made = []
    for index in range(4):
        image = torch.randn(1, 4, 32, 48, 64, generator=chance)
        image *= (
            torch.rand(1, 4, 2, 3, 4, generator=chance)
            .repeat_interleave(16, 2)
            .repeat_interleave(16, 3)
            .repeat_interleave(16, 4)
        )
        image[:, :, :, :, 32:] = 0.0
        available = torch.tensor([[True, index % 2 == 0, True, index > 1]])
        made.append(Batch(image, torch.zeros(1, 3, 32, 48, 64), available))
    return made


def teacher(**numbers: object) -> Unetr:
    torch.manual_seed(0)
    network = build({"name": "humor_teacher_pyramid", **SMALL, **numbers})
    assert isinstance(network, Unetr)
    return network.eval()


def all_weights(network: Unetr) -> list[torch.Tensor]:
    """``[M, E]`` of every gate, at all tokens of all batches."""
    parts = []
    with torch.no_grad():
        for batch in batches():
            routing = network.route(batch.image, batch.available)
            parts.append([gate.weights[0].flatten(1).T for gate in routing])
    return [torch.cat(gate) for gate in zip(*parts, strict=True)]


@pytest.mark.parametrize("experts", [2, 3, 4])
def test_every_gate_divides_the_tokens_evenly_and_decidedly(experts: int) -> None:
    network = teacher(experts=experts, top_k=experts)
    before = all_weights(network)
    initialise_gates(network, batches())
    after = all_weights(network)
    assert len(after) == 4
    for old, new in zip(before, after, strict=True):
        assert new.std(dim=0).min() > 2 * old.std(dim=0).max()  # random gates hardly divide
        torch.testing.assert_close(new.mean(dim=0), torch.full((experts,), 1 / experts), atol=0.02, rtol=0)
        assert new.std(dim=0).min() > 0.15
        assert torch.bincount(new.argmax(dim=1), minlength=experts).min() > 0.1 * len(new)


def test_directions_separate_clusters() -> None:
    torch.manual_seed(0)
    centres = torch.tensor([[4.0, 0, 0, 0], [0, 4.0, 0, 0], [0, 0, 4.0, 0]])
    features = torch.cat([centre + 0.1 * torch.randn(100, 4) for centre in centres])
    weight, bias = directions(features, torch.ones(300, dtype=torch.bool), 3)
    weights = (features @ weight.T + bias).softmax(dim=-1)
    torch.testing.assert_close(weights.mean(dim=0), torch.full((3,), 1 / 3), atol=1e-3, rtol=0)
    means = weights.reshape(3, 100, 3).mean(dim=1)  # [cluster, expert]
    between = (means[:, None] - means[None]).abs().sum(dim=-1)[torch.triu(torch.ones(3, 3), 1) > 0]
    assert between.min() > 0.5  # every two clusters are weighed differently


@pytest.mark.parametrize("numbers", [{"token_gate": False}, {"uniform_gate": True}])
def test_gates_that_cannot_differ_between_tokens_are_left_alone(numbers: dict[str, bool]) -> None:
    network = teacher(**numbers)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    initialise_gates(network, batches())
    for name, tensor in network.state_dict().items():
        torch.testing.assert_close(tensor, before[name], rtol=0, atol=0)


def test_mode_is_kept() -> None:
    network = teacher().train()
    initialise_gates(network, batches())
    assert network.training
