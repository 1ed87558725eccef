"""Minutes to steps: measured on this machine, shared out as the recipe does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from humor.errors import UsageError
from humor_training.data.packing import load_packed
from humor_training.recipe import recipe_of
from humor_training.run.processes import make_fabric
from humor_training.run.speed import scaled, steps_within

DATA: dict[str, Any] = {
    "network": {
        "name": "humor_student_pyramid",
        **{"dim": 24, "mlp": 48, "depth": 4, "heads": 3, "feature_size": 4},
    },
    "stages": [
        {
            **{"steps": 800, "window": [32, 32, 32], "batch": 1},
            **{"brain_every": 4, "brain_window": [48, 48, 48]},
        },
        {"steps": 200, "window": [32, 32, 32], "batch": 1},
    ],
    "warmup": 50,
    "precision": "fp32",
    "ema": 0.99,
    "held_out": 1,
}
RECIPE = recipe_of(DATA, "test")


def test_shorter_trainings_keep_the_shares() -> None:
    short = recipe_of(yaml.safe_load(yaml.safe_dump(scaled(DATA, RECIPE, 100))), "test")
    assert [stage.steps for stage in short.stages] == [80, 20]
    assert short.stages[0].brain_every == 4
    assert short.warmup == 5
    assert short.ema == pytest.approx(0.9)
    assert short.held_out == 1


def test_longer_ones_are_only_longer() -> None:
    long = recipe_of(scaled(DATA, RECIPE, 3000), "test")
    assert [stage.steps for stage in long.stages] == [2400, 600]
    assert (long.warmup, long.ema) == (50, pytest.approx(0.99))


def test_twice_the_minutes_hold_more_steps_and_too_few_are_refused(studies: Path, tmp_path: Path) -> None:
    cases, fabric = load_packed(studies, tmp_path), make_fabric("cpu")
    # Far apart, because other work on the machine makes steps slower.
    assert 0 < steps_within(RECIPE, 3.0, cases, fabric) < steps_within(RECIPE, 60.0, cases, fabric)
    with pytest.raises(UsageError, match="leave no time for any"):
        steps_within(RECIPE, 0.001, cases, fabric)
