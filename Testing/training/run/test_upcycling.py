from __future__ import annotations

import pytest
import torch

from humor.errors import InputError
from humor.networks.build import build, count_macs, count_parameters
from humor.networks.unetr import Unetr
from humor_training.run import upcycling as growth
from humor_training.run.upcycling import upcycle, upcycled_architecture

SMALL = {"dim": 24, "mlp": 48, "depth": 4, "heads": 3, "feature_size": 4}


def student() -> Unetr:
    torch.manual_seed(0)
    network = build({"name": "humor_student_pyramid", **SMALL})
    assert isinstance(network, Unetr)
    for parameter in network.parameters():  # no zeros or ones that would hide a mistake
        parameter.data += 0.1 * torch.randn_like(parameter)
    return network.eval()


@pytest.fixture
def window() -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(1)
    return torch.randn(2, 4, 32, 48, 32), torch.tensor(
        [[True, True, False, True], [False, True, False, False]]
    )


def test_without_noise_the_grown_network_answers_as_the_student(
    window: tuple[torch.Tensor, torch.Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(growth, "NOISE", 0.0)
    small = student()
    with torch.no_grad():
        expected, found = small(*window).logits, upcycle(small).eval()(*window).logits
    assert expected.std() > 0.1
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)


def test_with_noise_it_is_near_and_its_experts_differ(window: tuple[torch.Tensor, torch.Tensor]) -> None:
    small = student()
    large = upcycle(small).eval()
    with torch.no_grad():
        expected, found = small(*window).logits, large(*window).logits
    assert (found - expected).abs().mean() < 0.05 * expected.std()
    first, second, third = large.state_dict()["encoder.blocks.0.experts.expand.weight"].chunk(3)
    assert not torch.allclose(first, second) and not torch.allclose(second, third)


def test_twins_get_different_gradients(window: tuple[torch.Tensor, torch.Tensor]) -> None:
    large = upcycle(student())
    large(*window).logits.square().mean().backward()
    gradients = {name: parameter.grad for name, parameter in large.named_parameters()}
    weight = gradients["decoder.join.0.conv1.conv.weight"]
    assert weight is not None
    even, odd = weight[0::2], weight[1::2]
    assert not torch.allclose(even, odd, rtol=0.01)
    gate = gradients["encoder.blocks.0.gate.out.weight"]
    assert gate is not None and gate.abs().sum() > 0


def test_growing_is_repeatable() -> None:
    first, again, other = upcycle(student()), upcycle(student()), upcycle(student(), seed=2)
    name = "encoder.blocks.1.experts.expand.weight"
    torch.testing.assert_close(first.state_dict()[name], again.state_dict()[name])
    assert not torch.allclose(first.state_dict()[name], other.state_dict()[name])


def test_the_default_teacher_is_what_the_default_student_grows_into() -> None:
    small, teacher = build({"name": "humor_student_pyramid"}), build({"name": "humor_teacher_pyramid"})
    assert isinstance(small, Unetr) and isinstance(teacher, Unetr)
    assert build(upcycled_architecture(small.config, 3)).config == teacher.config  # type: ignore[union-attr]
    assert count_parameters(small) <= 0.25 * count_parameters(teacher)
    assert count_macs(small) <= 0.26 * count_macs(teacher)


def test_other_networks_cannot_be_grown() -> None:
    with pytest.raises(InputError, match="pyramid"):
        upcycle(build({"name": "humor_student", **SMALL}))
    with pytest.raises(InputError, match="pyramid"):
        upcycle(build({"name": "humor_teacher_pyramid", **SMALL}))
