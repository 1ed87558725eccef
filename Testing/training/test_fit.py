from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from humor.errors import UsageError
from humor_training.data.packing import LabelledCase, load_packed
from humor_training.fit import Batches, Training, fit, learning_rate, make_batch, split
from humor_training.recipe import Recipe, Stage, read_recipe

RECIPES = Path(__file__).resolve().parents[2] / "Training" / "humor_training" / "recipes"
NUMBERS: dict[str, Any] = {"dim": 24, "mlp": 48, "depth": 4, "heads": 3, "feature_size": 4}
TINY = Recipe(
    network={"name": "humor_student_pyramid", **NUMBERS},
    stages=(Stage(6, (32, 32, 32), 1), Stage(2, (48, 48, 48), 1)),
    warmup=2,
    held_out=1,
    check_every=8,
    learning_rate=1e-3,
)
CPU = torch.device("cpu")


@pytest.fixture(scope="session")
def cases(studies: Path, tmp_path_factory: pytest.TempPathFactory) -> list[LabelledCase]:
    return load_packed(studies, tmp_path_factory.mktemp("cache"))


def test_the_loss_falls(cases: list[LabelledCase], tmp_path: Path) -> None:
    recipe = replace(TINY, stages=(Stage(60, (32, 32, 32), 2),), learning_rate=3e-3)
    fit(recipe, cases, tmp_path, CPU)
    rows = list(csv.reader((tmp_path / "loss.csv").open()))
    assert [row[0] for row in rows] == ["50"]
    training = Training(recipe, CPU)
    image, regions, flags = make_batch(cases, recipe.stages[0], recipe, 1000)
    with torch.no_grad():
        before = training.loss(training.network(image, flags).logits, regions)
        training.load(tmp_path / "checkpoint.pt")
        after = training.loss(training.network(image, flags).logits, regions)
    assert after < before - 0.1


def test_a_killed_and_resumed_training_has_the_losses_of_an_uninterrupted_one(
    cases: list[LabelledCase], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = Training.one_step
    losses: dict[int, float] = {}
    kill_at = -1

    def noted(self: Training, batches: Batches) -> float:
        number = self.step
        if number == kill_at:
            raise KeyboardInterrupt
        losses[number] = step(self, batches)
        return losses[number]

    monkeypatch.setattr(Training, "one_step", noted)
    fit(TINY, cases, tmp_path / "whole", CPU)
    whole, losses = losses, {}
    monkeypatch.setattr("humor_training.fit.SAVE_EVERY", 3)
    kill_at = 4
    with pytest.raises(KeyboardInterrupt):
        fit(TINY, cases, tmp_path / "parts", CPU)
    kill_at = -1
    assert fit(TINY, cases, tmp_path / "parts", CPU).step == 8
    # bf16 sums in threads are not the same to the last bit from run to run.
    assert losses == pytest.approx(whole, rel=0.01)


def test_held_out_cases_are_never_learned_from(cases: list[LabelledCase]) -> None:
    learning, held = split(cases, 1, seed=1)
    assert len(learning) == 2 and len(held) == 1
    assert held[0].name not in {case.name for case in learning}
    assert [case.name for case in split(cases, 1, seed=1)[1]] == [held[0].name]


def test_the_rate_warms_up_and_fades(cases: list[LabelledCase]) -> None:
    rates = [learning_rate(TINY, step) for step in range(TINY.steps + 1)]
    assert rates[0] == 5e-4 and rates[1] == 1e-3
    assert rates[2:] == sorted(rates[2:], reverse=True) and rates[-1] == pytest.approx(1e-5)


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_recipes_that_ship_can_be_read(path: Path) -> None:
    recipe = read_recipe(path)
    assert recipe.steps > 0 and recipe.stage_at(recipe.steps - 1) == recipe.stages[-1]


def test_an_unknown_name_in_a_recipe_is_told(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text((RECIPES / "first_student.yaml").read_text() + "\nlerning_rate: 1\n")
    with pytest.raises(UsageError, match="lerning_rate"):
        read_recipe(path)
