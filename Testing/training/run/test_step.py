from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from humor.errors import InputError
from humor_training.data.labelled_case import LabelledCase
from humor_training.recipe import Recipe, Stage
from humor_training.run.batches import Batches, make_batch
from humor_training.run.processes import make_fabric
from humor_training.run.training import Training

NETWORK = {"name": "humor_student_pyramid", "dim": 24, "mlp": 48, "depth": 4, "heads": 3, "feature_size": 4}
RECIPE = Recipe(NETWORK, (Stage(4, (32, 32, 32), 1),), accumulate=2, precision="fp32")


@pytest.fixture(scope="module")
def cases() -> list[LabelledCase]:
    """Two cubes of noise with a brighter cube in them."""
    chance, made = np.random.default_rng(0), []
    for index in range(2):
        labels = np.zeros((32, 32, 32), np.uint8)
        labels[8:20, 8:20, 8:20] = 2
        labels[10:16, 10:16, 10:16] = 4
        image = (chance.normal(size=(4, 32, 32, 32)) + 2 * (labels > 0)).astype(np.float16)
        made.append(LabelledCase(f"case{index}", image, np.ones(4, bool), labels))
    return made


def test_a_step_takes_as_many_different_batches_as_are_accumulated(cases: list[LabelledCase]) -> None:
    batches = Batches(cases, RECIPE, 1, 0, torch.device("cpu"))
    found = [batches.next() for _ in range(4)]
    batches.close()
    places = [(1, 0), (1, 1), (2, 0), (2, 1)]
    for batch, (step, micro) in zip(found, places, strict=True):
        assert torch.equal(batch.image, make_batch(cases, RECIPE, step, micro).image)
    assert not torch.equal(found[0].image, found[1].image)


def test_the_gradient_of_a_step_is_the_mean_over_its_batches(cases: list[LabelledCase]) -> None:
    fabric = make_fabric("cpu")
    training = Training(replace(RECIPE, clip=1e9), fabric)
    parts = [make_batch(cases, RECIPE, 0, micro) for micro in range(2)]
    losses = [training.objective(part.image, part.regions, part.available, 0)["total"] for part in parts]
    weight = training.network.get_parameter("decoder.head.weight")
    (expected,) = torch.autograd.grad(torch.stack(losses).mean(), weight)
    batches = Batches(cases, RECIPE, 0, 0, fabric.device)
    found = training.one_step(batches)
    batches.close()
    assert found["total"] == pytest.approx(sum(float(loss.detach()) for loss in losses) / 2, rel=1e-4)
    assert weight.grad is not None
    torch.testing.assert_close(weight.grad, expected, rtol=1e-3, atol=1e-6)


def test_a_step_with_an_infinite_gradient_moves_nothing(cases: list[LabelledCase]) -> None:
    fabric = make_fabric("cpu")
    training = Training(RECIPE, fabric)
    weight = training.network.get_parameter("decoder.head.weight")
    hook = weight.register_hook(lambda gradient: gradient * float("inf"))
    before = {name: value.clone() for name, value in training.network.named_parameters()}
    batches = Batches(cases, RECIPE, 0, 0, fabric.device)
    with pytest.warns(UserWarning, match="Step 1 was left out"):
        training.one_step(batches)
    assert training.step == 1
    assert all(torch.equal(value, before[name]) for name, value in training.network.named_parameters())
    hook.remove()
    training.one_step(batches)
    batches.close()
    assert torch.isfinite(weight).all() and not torch.equal(weight, before["decoder.head.weight"])


def test_a_training_whose_gradients_are_never_finite_stops(
    cases: list[LabelledCase], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("humor_training.run.training.MOST_LEFT_OUT", 3)
    fabric = make_fabric("cpu")
    training = Training(RECIPE, fabric)
    weight = training.network.get_parameter("decoder.head.weight")
    weight.register_hook(lambda gradient: gradient * float("nan"))
    batches = Batches(cases, RECIPE, 0, 0, fabric.device)
    try:
        with pytest.warns(UserWarning, match="left out"):
            training.one_step(batches)
            training.one_step(batches)
            with pytest.raises(InputError, match=r"3 steps in a row, up to step 3, .*\. Set compile: false"):
                training.one_step(batches)
    finally:
        batches.close()


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_gates_learn_at_their_share_of_the_rate(cases: list[LabelledCase], share: float) -> None:
    network = {**NETWORK, "name": "humor_teacher_pyramid"}
    recipe = replace(RECIPE, network=network, gate_share=share, weight_decay=0.0, warmup=0, accumulate=1)
    training = Training(recipe, make_fabric("cpu"))
    before = {name: value.detach().clone() for name, value in training.network.named_parameters()}
    batches = Batches(cases, recipe, 0, 0, torch.device("cpu"))
    training.one_step(batches)
    batches.close()
    # The first step of Adam moves every weight that has a gradient by the learning rate.
    moved = {
        name: float((value.detach() - before[name]).abs().max())
        for name, value in training.network.named_parameters()
    }
    gate, other = moved["encoder.blocks.1.gate.out.bias"], moved["decoder.head.weight"]
    assert other > 1e-4
    assert gate == pytest.approx(share * other, rel=0.2)  # less where the gradient is near its epsilon
