from __future__ import annotations

from dataclasses import replace
from typing import Literal

import pytest

from humor_training.recipe import Recipe, Stage
from humor_training.run.optimisation import learning_rate

RECIPE = Recipe({"name": "x"}, (Stage(102, (32, 32, 32), 1),), learning_rate=1e-3, warmup=2)


@pytest.mark.parametrize("schedule", ["cosine", "poly"])
def test_the_rate_warms_up_and_fades(schedule: Literal["cosine", "poly"]) -> None:
    recipe = replace(RECIPE, schedule=schedule)
    rates = [learning_rate(recipe, step) for step in range(recipe.steps + 1)]
    assert rates[:2] == [5e-4, 1e-3]
    assert rates[2:] == sorted(rates[2:], reverse=True) and rates[-1] == pytest.approx(1e-5)


def test_half_way_the_cosine_is_at_half_and_poly_above() -> None:
    assert learning_rate(RECIPE, 52) == pytest.approx(1e-3 * (0.01 + 0.99 * 0.5))
    poly = replace(RECIPE, schedule="poly")
    assert learning_rate(poly, 52) == pytest.approx(1e-3 * (0.01 + 0.99 * 0.5**0.9))
