from __future__ import annotations

import pytest
import torch

from humor.networks.prediction import GateWeights
from humor_training.evaluation.dice import dice, region_dice
from humor_training.losses.gates import gate_divergence
from humor_training.losses.segmentation import DiceBce


def test_the_loss_is_near_zero_for_the_truth_and_falls_towards_it() -> None:
    truth = (torch.rand(1, 3, 8, 8, 8, generator=torch.Generator().manual_seed(0)) > 0.6).float()
    sure = (truth * 2 - 1) * 20
    values = [float(DiceBce()(sure * factor, truth)) for factor in (-1.0, 0.0, 0.1, 1.0)]
    assert values == sorted(values, reverse=True)
    assert values[-1] == pytest.approx(0.0, abs=1e-3)


def test_a_window_without_tumour_still_gives_a_gradient() -> None:
    logits = torch.zeros(1, 3, 4, 4, 4, requires_grad=True)
    DiceBce()(logits, torch.zeros(1, 3, 4, 4, 4)).backward()
    assert logits.grad is not None and (logits.grad > 0).all()


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


def test_dice_of_masks() -> None:
    a, b = torch.tensor([True, True, False, False]).numpy(), torch.tensor([True, False, True, False]).numpy()
    assert dice(a, b) == 0.5
    assert dice(a & ~a, b & ~b) == 1.0  # both empty
    assert dice(a, b & ~b) == 0.0
    assert region_dice(torch.ones(3, 2).bool().numpy(), torch.ones(3, 2).bool().numpy()) == {
        "WT": 1.0,
        "TC": 1.0,
        "ET": 1.0,
    }
