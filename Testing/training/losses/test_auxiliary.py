from __future__ import annotations

import math

import pytest
import torch

from humor.networks.build import build
from humor.networks.experts import ExpertMlps
from humor.networks.prediction import GateWeights
from humor_training.losses.auxiliary import (
    expert_overlap,
    gate_divergence,
    gate_entropy,
    monotonicity_loss,
    sequences_in,
    soft_target_loss,
    superset,
)


def test_the_divergence_is_that_of_two_outcomes_at_the_temperature() -> None:
    def probability(logit: float) -> float:
        return 1 / (1 + math.exp(-logit / 2))

    p, q = probability(3.0), probability(-1.0)
    expected = 4 * (p * math.log(p / q) + (1 - p) * math.log((1 - p) / (1 - q)))
    found = soft_target_loss(torch.full((1, 3, 2, 2, 2), -1.0), torch.full((1, 3, 2, 2, 2), 3.0), 2.0)
    assert float(found) == pytest.approx(expected, rel=1e-5)


def test_equal_answers_cost_nothing_and_extreme_ones_stay_finite() -> None:
    logits = torch.tensor([-200.0, -1.0, 0.0, 5.0, 200.0]).reshape(1, 1, 5, 1, 1)
    assert float(soft_target_loss(logits, logits, 3.0)) == 0.0
    assert math.isfinite(float(soft_target_loss(logits, -logits, 3.0)))


def test_the_gradient_pulls_the_student_towards_the_teacher() -> None:
    student = torch.zeros(1, 3, 2, 2, 2, requires_grad=True)
    soft_target_loss(student, torch.full((1, 3, 2, 2, 2), 2.0), 3.0).backward()
    assert student.grad is not None and (student.grad < 0).all()


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


GIVEN = torch.tensor([[True, False, False, False], [True, True, True, True]])
PRESENT = torch.tensor([[True, False, True, True], [True, True, True, True]])


def test_a_superset_has_one_more_of_the_present_sequences() -> None:
    for step in range(5):
        more = superset(GIVEN, PRESENT, step)
        assert (more & ~PRESENT).sum() == 0 and (GIVEN & ~more).sum() == 0
        assert more[0].sum() == 2 and more[1].all()
    assert not torch.equal(superset(GIVEN, PRESENT, 0), superset(GIVEN, PRESENT, 1))


def test_what_is_in_an_image_is_seen() -> None:
    image = torch.zeros(2, 4, 4, 4, 4)
    image[0, 1, 2, 2, 2] = -1.0
    image[1, 3] = 0.5
    expected = torch.tensor([[False, True, False, False], [False, False, False, True]])
    assert torch.equal(sequences_in(image), expected)


def test_only_being_worse_with_more_costs_and_only_the_richer_answer_is_moved() -> None:
    more, fewer = torch.tensor(0.7, requires_grad=True), torch.tensor(0.5, requires_grad=True)
    loss = monotonicity_loss(more, fewer)
    torch.testing.assert_close(loss.detach(), torch.tensor(0.2))
    loss.backward()
    assert more.grad == 1.0 and fewer.grad is None
    assert monotonicity_loss(torch.tensor(0.4), torch.tensor(0.5)) == 0.0
