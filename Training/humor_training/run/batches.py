"""Batches in the order of steps, the next ones made in a thread while the network works."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import torch

from ..augmentation.draw import draw
from ..augmentation.shapes import Shape
from ..augmentation.tensor_case import DeviceCases, TensorCase
from ..data.labelled_case import LabelledCase
from ..losses.objective import Batch
from ..recipe import Recipe

AHEAD = 2
"""Batches that wait, so that one slow draw does not make the network wait."""


def make_batch(
    cases: Sequence[LabelledCase | TensorCase],
    recipe: Recipe,
    step: int,
    micro: int = 0,
    rank: int = 0,
    device: torch.device | None = None,
    shapes: Sequence[Shape] = (),
) -> Batch:
    """The windows of one process in one step.

    All chance comes from the seed, the step and the window's number in it, so that a resumed training
    sees what an uninterrupted one would have seen, and two processes see together what one process
    with the double batch sees.

    Args:
        cases: to learn from.
        recipe: its numbers.
        step: of the training.
        micro: which of the step's accumulated batches.
        rank: which process.
        device: where the batch is made.
        shapes: of tumours to paint.
    """
    (window, count), config = recipe.drawn_at(step), recipe.augmentation_at(step)
    numbers = [rank * count + index for index in range(count)]
    samples = [
        draw(
            cases,
            window,
            config,
            np.random.default_rng([recipe.seed, step, micro, number]),
            device or torch.device("cpu"),
            recipe.keeps_dropped,
            shapes,
        )
        for number in numbers
    ]
    return Batch(
        torch.stack([sample.image for sample in samples]),
        torch.stack([sample.regions for sample in samples]),
        torch.stack([sample.available for sample in samples]),
    )


class Batches:
    """``next()`` gives the batches of a process from step ``first`` on, ``recipe.accumulate`` a step.

    Attributes:
        waited: seconds that ``next`` had to wait so far.
    """

    def __init__(
        self,
        cases: Sequence[LabelledCase],
        recipe: Recipe,
        first: int,
        rank: int,
        device: torch.device,
        shapes: Sequence[Shape] = (),
    ) -> None:
        self._cases: Sequence[LabelledCase | TensorCase] = (
            DeviceCases(cases, device) if device.type != "cpu" else cases
        )
        self._recipe, self._rank, self._device, self._shapes = recipe, rank, device, shapes
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="batches")
        self._step, self._micro = first, 0
        self._queue: deque[Future[Batch]] = deque()
        self.waited = 0.0

    def next(self) -> Batch:
        """The next batch."""
        while len(self._queue) <= AHEAD:
            self._queue.append(self._submit())
        begin = time.perf_counter()
        batch = self._queue.popleft().result()
        self.waited += time.perf_counter() - begin
        return batch

    def close(self) -> None:
        """Stop making batches."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _submit(self) -> Future[Batch]:
        future = self._pool.submit(
            make_batch,
            self._cases,
            self._recipe,
            self._step,
            self._micro,
            self._rank,
            self._device,
            self._shapes,
        )
        self._micro = (self._micro + 1) % self._recipe.accumulate
        self._step += self._micro == 0
        return future
