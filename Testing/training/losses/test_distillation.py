from __future__ import annotations

import math

import pytest
import torch

from humor_training.losses.auxiliary import soft_target_loss


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
