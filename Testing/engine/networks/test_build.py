"""The one place that turns a name and numbers into a network."""

from __future__ import annotations

import pytest

from humor.networks.build import ARCHITECTURES, build, count_macs, count_parameters
from humor.networks.names import ARCHITECTURE_NAMES


def test_every_name_is_known_without_torch() -> None:
    assert tuple(ARCHITECTURES) == ARCHITECTURE_NAMES


TEACHER_PARAMETERS, TEACHER_MACS = 60e6, 67e9  # at 96³; DESIGN's budget for the teacher


@pytest.fixture(scope="module")
def teacher_cost() -> tuple[int, int]:
    network = build({"name": "humor_teacher"})
    return count_parameters(network), count_macs(network)


def test_the_teacher_has_the_size_that_was_published(teacher_cost: tuple[int, int]) -> None:
    parameters, macs = teacher_cost
    assert parameters == pytest.approx(TEACHER_PARAMETERS, rel=0.01)
    assert macs == pytest.approx(TEACHER_MACS, rel=0.02)


@pytest.mark.parametrize("name", ["humor_student", "humor_student_pyramid"])
def test_a_student_costs_at_most_a_quarter_of_the_teacher(name: str, teacher_cost: tuple[int, int]) -> None:
    student = build({"name": name})
    assert count_parameters(student) <= 0.25 * teacher_cost[0]
    assert count_macs(student) <= 0.26 * teacher_cost[1]


def test_top_1_leaves_out_the_work_of_two_experts_and_the_mixing() -> None:
    small = {"name": "humor_teacher", "dim": 48, "mlp": 192, "depth": 4, "feature_size": 4}
    soft = count_macs(build(small), (64, 64, 64))
    sparse = count_macs(build(small | {"top_k": 1}), (64, 64, 64))
    tokens, blocks, experts = 4**3, 4, 3
    one_expert = tokens * 2 * 48 * 192
    mixed_biases = tokens * experts * 48
    assert soft - sparse == blocks * (2 * one_expert + mixed_biases)
