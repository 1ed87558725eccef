"""How long the steps of a recipe take on this machine, and the recipe that fits into given minutes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from lightning.fabric import Fabric

from humor.errors import UsageError

from ..augmentation.shapes import wanted_shapes
from ..data.labelled_case import LabelledCase
from ..recipe import Recipe
from .batches import Batches
from .training import Training

WARM_UP = 3
"""Steps that are not counted: allocators and kernels are being set up, networks compiled."""
TIMED = 20
KEPT = 0.9
"""Share of the minutes that steps are planned for; the rest is for checks, saving, and slower moments."""


def seconds_a_step(
    recipe: Recipe, cases: Sequence[LabelledCase], fabric: Fabric, steps: int = TIMED, warm_up: int = WARM_UP
) -> tuple[float, float]:
    """Mean duration of a recipe's first steps, and the share of it spent waiting for batches.

    With several processes it is that of the slowest.
    """
    training = Training(recipe, fabric)
    shapes = wanted_shapes(recipe.augmentation, ())
    batches = Batches(cases, recipe, 0, fabric.global_rank, fabric.device, shapes)
    try:
        for _ in range(warm_up):
            training.one_step(batches)
        begin, waited = time.perf_counter(), batches.waited
        for _ in range(steps):
            training.one_step(batches)
        if fabric.device.type == "cuda":
            torch.cuda.synchronize()
        seconds = time.perf_counter() - begin
    finally:
        batches.close()
    slowest = torch.tensor(seconds / steps, device=fabric.device)
    if fabric.world_size > 1:
        slowest = fabric.all_reduce(slowest, reduce_op="max")  # type: ignore[assignment]
    return float(slowest), (batches.waited - waited) / seconds


def steps_within(
    recipe: Recipe, minutes: float, cases: Sequence[LabelledCase], fabric: Fabric, spent: float = 0.0
) -> int:
    """How many of a recipe's steps fit into so many minutes here, measured stage by stage.

    Args:
        recipe: its stages share the minutes as they share the steps.
        minutes: of wall time, what the measuring itself takes included.
        cases: to learn from.
        fabric: devices and processes.
        spent: seconds of them that have passed already.

    Raises:
        UsageError: the minutes are over before there could be a step.
    """
    begin = time.perf_counter()
    mean = 0.0
    for stage in recipe.stages:
        # A few rounds, each with its share of whole brains; the first compiles both.
        round_ = max(stage.brain_every, 1)
        timed = round_ * max(1, TIMED // round_)
        alone = replace(recipe, stages=(replace(stage, steps=2 * timed + round_ + WARM_UP),))
        seconds, _ = seconds_a_step(alone, cases, fabric, timed, max(round_, WARM_UP))
        mean += seconds * stage.steps / recipe.steps
    left = 60.0 * minutes * KEPT - spent - (time.perf_counter() - begin)
    steps = int(left / mean)
    if steps < len(recipe.stages):
        raise UsageError(
            f"A step takes {mean:.1f} s here: after timing it, {minutes:g} minutes leave no time for any. "
            "Give more minutes, or a recipe with smaller windows."
        )
    return steps


def scaled(data: dict[str, Any], recipe: Recipe, steps: int) -> dict[str, Any]:
    """A recipe's plain data with so many steps in all; its stages, warm-up and EMA keep their shares of them.

    The warm-up and the memory of the EMA are not made longer than the recipe's.
    """
    share = steps / recipe.steps
    shorter = min(share, 1.0)
    stages = [
        {**entry, "steps": max(1, round(stage.steps * share))}
        for entry, stage in zip(data["stages"], recipe.stages, strict=True)
    ]
    return {
        **data,
        "stages": stages,
        "warmup": round(recipe.warmup * shorter),
        "ema": 1.0 - min(1.0, (1.0 - recipe.ema) / shorter),
    }
