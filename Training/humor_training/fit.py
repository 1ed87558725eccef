"""One readable loop: train a network on windows of packed cases, resuming where it stopped."""

from __future__ import annotations

import copy
import csv
import math
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from humor.networks.build import build
from humor.networks.prediction import Prediction
from humor.regions import REGION_KEYS, labels_to_regions
from humor.sequences import subset_name

from .augmentation.chance import drop_sequences
from .augmentation.intensity import vary_intensity
from .augmentation.windows import random_window
from .data.packing import LabelledCase
from .evaluation.dice import region_dice
from .losses.segmentation import DiceBce
from .recipe import Recipe, Stage

SAVE_EVERY = 250
MONITORED = (("t1", "t1c", "t2", "flair"), ("t1c", "flair"), ("t1",))
"""Subsets that are watched on the held-out cases while training."""


Batch = tuple[Tensor, Tensor, Tensor]


def split(
    cases: list[LabelledCase], held_out: int, seed: int
) -> tuple[list[LabelledCase], list[LabelledCase]]:
    """Training and held-out cases, chosen by chance once per seed."""
    order = np.random.default_rng(seed).permutation(len(cases))
    held = set(order[:held_out].tolist())
    return (
        [case for index, case in enumerate(cases) if index not in held],
        [case for index, case in enumerate(cases) if index in held],
    )


def make_batch(cases: list[LabelledCase], stage: Stage, recipe: Recipe, step: int) -> Batch:
    """Image ``[B, 4, D, H, W]``, regions ``[B, 3, D, H, W]``, availability ``[B, 4]`` of one step.

    All chance comes from seed and step, so that a resumed training sees what an uninterrupted one
    would have seen.
    """
    rng = np.random.default_rng([recipe.seed, step])
    images, truths, flags = [], [], []
    for _ in range(stage.batch):
        case = cases[rng.integers(len(cases))]
        window, regions = random_window(case, stage.window, recipe.spatial, rng)
        images.append(vary_intensity(window, rng))
        truths.append(regions)
        flags.append(torch.from_numpy(drop_sequences(case.available, recipe.keep_all, rng)))
    return torch.stack(images), torch.stack(truths), torch.stack(flags)


class Batches:
    """Batches in the order of steps; the next one is made in a thread while the network works."""

    def __init__(self, cases: list[LabelledCase], recipe: Recipe) -> None:
        self._cases, self._recipe = cases, recipe
        self._pool = ThreadPoolExecutor(1)
        self._ahead: tuple[int, Future[Batch]] | None = None

    def at(self, step: int) -> Batch:
        """The batch of a step, from ``make_batch``."""
        future = self._ahead[1] if self._ahead and self._ahead[0] == step else self._submit(step)
        batch = future.result()
        self._ahead = (step + 1, self._submit(step + 1))
        return batch

    def _submit(self, step: int) -> Future[Batch]:
        stage = self._recipe.stage_at(step)
        return self._pool.submit(make_batch, self._cases, stage, self._recipe, step)


def forward(network: nn.Module, image: Tensor, available: Tensor) -> Prediction:
    """One pass under bf16 autocast, in the memory layout that convolutions are fastest in."""
    with torch.autocast(image.device.type, torch.bfloat16):
        return network(image.contiguous(memory_format=torch.channels_last_3d), available)


def learning_rate(recipe: Recipe, step: int) -> float:
    """Linear warm-up, then a cosine down to 1% of the peak."""
    if step < recipe.warmup:
        return recipe.learning_rate * (step + 1) / recipe.warmup
    done = (step - recipe.warmup) / max(recipe.steps - recipe.warmup, 1)
    return recipe.learning_rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(done, 1.0))))


class Training:
    """Network, its moving average, optimiser and step: all that a checkpoint holds."""

    def __init__(self, recipe: Recipe, device: torch.device) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe, self.device, self.step, self.seconds = recipe, device, 0, 0.0
        self.network = build(recipe.network).to(device)
        self.network.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
        self.average = copy.deepcopy(self.network).requires_grad_(False).eval()
        self.optimiser = torch.optim.AdamW(
            self.network.parameters(), recipe.learning_rate, weight_decay=recipe.weight_decay, foreach=True
        )
        self.loss = DiceBce()

    def one_step(self, batches: Batches) -> float:
        """Move the weights once, return the segmentation loss."""
        recipe = self.recipe
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(recipe, self.step)
        image, regions, flags = batches.at(self.step)
        prediction = forward(self.network.train(), image.to(self.device), flags.to(self.device))
        loss = self.loss(prediction.logits, regions.to(self.device))
        total = loss
        if recipe.balance and "balance" in prediction.auxiliary:
            # Annealed to nothing: in the end the gates may use experts as unevenly as helps.
            anneal = 1.0 - self.step / recipe.steps
            total = total + recipe.balance * anneal * prediction.auxiliary["balance"]
        self.optimiser.zero_grad(set_to_none=True)
        total.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), recipe.clip)
        self.optimiser.step()
        self._follow()
        self.step += 1
        return float(loss.detach())

    def _follow(self) -> None:
        # A young average follows faster, or it would remember the random start.
        decay = min(self.recipe.ema, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            pairs = list(
                zip(self.average.state_dict().values(), self.network.state_dict().values(), strict=True)
            )
            torch._foreach_lerp_([old for old, _ in pairs], [new for _, new in pairs], 1.0 - decay)

    def save(self, path: Path) -> None:
        """Write a checkpoint; a killed save leaves the previous one."""
        partial = path.with_suffix(".partial")
        state = {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
            "seconds": self.seconds,
        }
        torch.save(state, partial)
        partial.replace(path)

    def load(self, path: Path) -> None:
        """Go on from a checkpoint."""
        state = torch.load(path, map_location=self.device, weights_only=True)
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.seconds = state["step"], state["seconds"]


def whole_brain_dice(network: nn.Module, case: LabelledCase, names: tuple[str, ...]) -> dict[str, float]:
    """Region → Dice of one case in one window, on the given sequences only (threshold 0.5)."""
    flags = torch.tensor([[name in names for name in ("t1", "t1c", "t2", "flair")]])
    image = torch.from_numpy(case.image)[None].float()
    device = next(network.parameters()).device
    with torch.no_grad():
        logits = forward(network, image.to(device), flags.to(device)).logits[0].float().cpu().numpy()
    return region_dice(logits > 0, labels_to_regions(case.labels))


def fit(recipe: Recipe, cases: list[LabelledCase], folder: Path, device: torch.device) -> Training:
    """Train to the end of the recipe; ``folder`` gets ``checkpoint.pt``, ``loss.csv``, ``held_out.csv``."""
    folder.mkdir(parents=True, exist_ok=True)
    training, checkpoint = Training(recipe, device), folder / "checkpoint.pt"
    if checkpoint.exists():
        training.load(checkpoint)
        print(f"going on from step {training.step}", flush=True)
    learning, held = split(cases, recipe.held_out, recipe.seed)
    batches = Batches(learning, recipe)
    begin, losses = time.monotonic() - training.seconds, []
    while training.step < recipe.steps:
        losses.append(training.one_step(batches))
        training.seconds = time.monotonic() - begin
        if training.step % 50 == 0:
            _append(
                folder / "loss.csv", [training.step, round(training.seconds, 1), round(np.mean(losses), 4)]
            )
            losses = []
        if training.step % SAVE_EVERY == 0 or training.step == recipe.steps:
            training.save(checkpoint)
        if held and (training.step % recipe.check_every == 0 or training.step == recipe.steps):
            _check(training, held, folder)
    return training


def _check(training: Training, held: list[LabelledCase], folder: Path) -> None:
    for names in MONITORED:
        scores = [whole_brain_dice(training.average, case, names) for case in held]
        means = [round(float(np.mean([score[key] for score in scores])), 4) for key in REGION_KEYS]
        _append(folder / "held_out.csv", [training.step, subset_name(names), *means])


def _append(path: Path, row: list[object]) -> None:
    with path.open("a", newline="", encoding="utf-8") as file:
        csv.writer(file).writerow(row)
    print(*row, flush=True)
