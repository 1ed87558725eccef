from __future__ import annotations

import math

import pytest
import torch

from humor.networks.build import build
from humor.networks.experts import ExpertMlps
from humor.networks.prediction import GateWeights
from humor_training.losses.auxiliary import expert_overlap, gate_divergence, gate_entropy


def gates(*weights: list[float], name: str = "group1/block1") -> list[GateWeights]:
    tensor = torch.tensor(weights).T[None, :, :, None, None]
    return [GateWeights(name, ("expert 1", "expert 2"), tensor)]


def test_the_divergence_of_gates_is_that_of_the_formula() -> None:
    student, teacher = gates([0.5, 0.5], [0.9, 0.1]), gates([0.8, 0.2], [0.9, 0.1])
    expected = (0.8 * torch.tensor(0.8 / 0.5).log() + 0.2 * torch.tensor(0.2 / 0.5).log()) / 2
    torch.testing.assert_close(gate_divergence(student, teacher), expected)
    assert float(gate_divergence(teacher, teacher)) == pytest.approx(0.0, abs=1e-6)


def test_gates_that_do_not_belong_together_are_refused() -> None:
    with pytest.raises(ValueError, match="differ"):
        gate_divergence(gates([0.5, 0.5]), gates([0.5, 0.5], name="group1/block2"))


def test_entropy_is_one_for_undecided_and_zero_for_sure_gates() -> None:
    assert float(gate_entropy(gates([0.5, 0.5]))) == pytest.approx(1.0)
    assert float(gate_entropy(gates([1.0, 0.0]))) == pytest.approx(0.0, abs=1e-5)
    expected = -(0.9 * math.log(0.9) + 0.1 * math.log(0.1)) / math.log(2)
    assert float(gate_entropy(gates([0.9, 0.1]))) == pytest.approx(expected)


def test_equal_experts_overlap_fully_and_orthogonal_ones_not_at_all() -> None:
    bank = ExpertMlps(2, 1, 2)
    bank.expand.weight.data = torch.tensor([[3.0, 0.0], [0.5, 0.0]])
    assert float(expert_overlap(bank).detach()) == pytest.approx(1.0)  # type: ignore[union-attr]
    bank.expand.weight.data = torch.tensor([[3.0, 0.0], [0.0, 0.5]])
    assert float(expert_overlap(bank).detach()) == pytest.approx(0.0)  # type: ignore[union-attr]


def test_a_network_without_experts_has_no_overlap() -> None:
    small = {"dim": 24, "mlp": 48, "depth": 4, "heads": 3, "feature_size": 4}
    assert expert_overlap(build({"name": "humor_student_pyramid", **small})) is None
