"""The loop: steps, checks, checkpoints, and a record of them all."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from lightning.fabric import Fabric
from torch import nn

from humor.errors import InputError

from ..augmentation.shapes import wanted_shapes
from ..checkpoints import BEST, CHECKPOINT
from ..checkpoints.run_folder import write_whole
from ..data.labelled_case import LabelledCase
from ..recipe import Recipe
from .batches import Batches
from .processes import Stopping, any_process
from .record import Record, held_out_dice, overall
from .training import Losses, Training

NOTE_EVERY = 25
"""Steps of which the mean losses are written."""
PICTURED = 1
"""Held-out cases that a picture is drawn of."""


@dataclass(frozen=True)
class CaseSplit:
    """What a training learns from and is watched by."""

    learning: Sequence[LabelledCase]
    held: Sequence[LabelledCase]


def fit(
    recipe: Recipe,
    material: CaseSplit,
    folder: Path,
    fabric: Fabric,
    teacher: nn.Module | None = None,
    start: dict[str, torch.Tensor] | None = None,
    tell: Callable[[str], None] = print,
    seconds: float | None = None,
) -> Training:
    """Train to the end of the recipe, from ``folder``'s checkpoint if there is one.

    The folder gets ``checkpoint.pt``, ``best.pt`` (by the mean Dice of the held-out cases), tables,
    pictures and ``report.html``. On SIGTERM or Ctrl-C, and after ``seconds``, the step is finished and saved.

    Raises:
        InputError: there is nothing to learn from, the shapes of tumours to paint cannot be read, the
            checkpoint is of another network, or the loss is not a number any more.
    """
    if not material.learning:
        raise InputError("No case is left to train on: hold out fewer, or give more data.")
    folder.mkdir(parents=True, exist_ok=True)
    training, checkpoint = Training(recipe, fabric, teacher, start), folder / CHECKPOINT
    if checkpoint.exists():
        training.load(checkpoint)
        tell(f"continuing from step {training.step} of {recipe.steps}")
    record = Record(folder, training, tell) if fabric.is_global_zero else None
    shapes = wanted_shapes(recipe.augmentation, material.held)
    batches = Batches(material.learning, recipe, training.step, fabric.global_rank, fabric.device, shapes)
    try:
        with Stopping(seconds) as stopping:
            _loop(training, batches, material, folder, record, stopping)
    finally:
        batches.close()
        if record:
            record.close()
    return training


def _loop(
    training: Training,
    batches: Batches,
    material: CaseSplit,
    folder: Path,
    record: Record | None,
    stopping: Stopping,
) -> None:
    recipe, begin = training.recipe, time.monotonic() - training.seconds
    stop = False
    problem: Exception | None = None
    while training.step < recipe.steps and not stop:
        losses = training.one_step(batches)
        broken = not math.isfinite(losses["total"])
        flags = (stopping.asked, broken, problem is not None)
        stop, any_broken, any_failed = any_process(training.fabric, *flags)
        training.seconds = time.monotonic() - begin
        if any_failed:
            raise problem or InputError("Another process could not write into the run's folder; it says why.")
        if any_broken:
            found = f"The loss is {losses['total']}" if broken else "Another process has no finite loss"
            raise InputError(
                f"{found} at step {training.step}: lower learning_rate in the recipe and call again; the "
                "training goes on from its last checkpoint."
            )
        if record:
            try:
                _write(training, losses, batches.waited, material, folder, record, stop)
            except Exception as error:
                if training.fabric.world_size == 1:
                    raise
                problem = error  # the others are told after the next step, or they would wait forever
    if problem:
        raise problem


def _write(
    training: Training,
    losses: Losses,
    waited: float,
    material: CaseSplit,
    folder: Path,
    record: Record,
    stop: bool,
) -> None:
    """What a step leaves in the run's folder: every so often a note, a check, a checkpoint."""
    recipe, step = training.recipe, training.step
    last = step == recipe.steps
    record.step(losses, training.objective.last_routing)
    if step % NOTE_EVERY == 0 or last:
        record.note(waited)
    if material.held and (step % recipe.check_every == 0 or last):
        _check(training, material, folder, record)
    if step % recipe.save_every == 0 or last or stop:
        training.save(folder / CHECKPOINT)


def _check(training: Training, material: CaseSplit, folder: Path, record: Record) -> None:
    recipe = training.recipe
    means = held_out_dice(training.ema, material.held, recipe.monitored, recipe.precision)
    score = overall(means)
    if score > training.best:
        training.best = score
        state = {
            "average": training.ema.state_dict(),
            "step": training.step,
            "seconds": training.seconds,
        }
        write_whole(state, folder / BEST)
    record.check(means, training.ema, material.held[:PICTURED])
