"""What is measured and written while a training runs: tables, TensorBoard, held-out cases, pictures, page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn

from humor.networks.prediction import GateWeights
from humor.networks.unetr import PATCH
from humor.regions import REGION_KEYS, labels_to_regions
from humor.sequences import availability, subset_name

from ..data.labelled_case import LabelledCase
from ..evaluation.measures import region_dice
from ..monitoring.page import write_page
from ..monitoring.pictures import picture_path, sample_picture
from ..monitoring.tables import GATE_LOADS, HELD_OUT, LOSSES, GateLoads, Table, TensorBoard, Value
from .optimisation import learning_rate
from .training import Losses, Training


class Record:
    """Writes to a run's folder; only the first of several processes has one.

    Args:
        folder: the run's.
        training: what is recorded, at the step from which it goes on.
        tell: is given a line at every note and check.
    """

    def __init__(self, folder: Path, training: Training, tell: Callable[[str], None]) -> None:
        self._folder, self._training, self._tell = folder, training, tell
        step = training.step
        self._losses, self._held = Table(folder, LOSSES, step), Table(folder, HELD_OUT, step)
        self._loads = Table(folder, GATE_LOADS, step)
        self._board = TensorBoard(folder, step, tell)
        self._gates = GateLoads()
        self._sums: dict[str, list[float]] = {}
        self._noted_at, self._waited_at = training.seconds, 0.0

    def step(self, losses: Losses, routing: list[GateWeights]) -> None:
        """Take in one step."""
        for name, value in losses.items():
            self._sums.setdefault(name, []).append(value)
        self._gates.add(routing)

    def note(self, waited: float) -> None:
        """Write the means since the last note; ``waited`` are the seconds spent waiting for data so far."""
        training = self._training
        step, seconds = training.step, training.seconds
        means = {name: sum(values) / len(values) for name, values in self._sums.items()}
        share = (waited - self._waited_at) / max(seconds - self._noted_at, 1e-9)
        facts = {"learning_rate": learning_rate(training.recipe, step), "waiting_share": share}
        row: dict[str, Value] = {"step": step, "seconds": round(seconds, 1), **facts, **means}
        self._losses.add([row])
        self._loads.add(self._gates.take(step))
        self._board.add("loss", means, step)
        self._board.add("run", facts, step)
        self._sums, self._noted_at, self._waited_at = {}, seconds, waited
        self._tell(f"step {step} of {training.recipe.steps}: loss {means['total']:.4f}, {seconds:.0f} s")

    def check(self, means: Means, network: nn.Module, cases: Sequence[LabelledCase]) -> None:
        """Write the Dice of held-out cases, draw the first ones, make the report's page."""
        training = self._training
        self._held.add([{"step": training.step, "subset": name, **row} for name, row in means.items()])
        for name, row in means.items():
            self._board.add(f"held_out/{name}", row, training.step)
            self._tell(
                f"  {name}: "
                + ", ".join(f"{key} {row[key]:.3f} (worst {row[worst(key)]:.3f})" for key in REGION_KEYS)
            )
        for case in cases:
            self._draw(network, case)
        write_page(self._folder)

    def _draw(self, network: nn.Module, case: LabelledCase) -> None:
        recipe = self._training.recipe
        predictions = {
            subset_name(names): segment(network, case, names, recipe.precision) for names in recipe.monitored
        }
        path = picture_path(self._folder, self._training.step)
        sample_picture(path, case.image, case.labels, predictions)

    def close(self) -> None:
        """Write what is still waiting."""
        self._board.close()


Means = dict[str, dict[str, float]]


def segment(network: nn.Module, case: LabelledCase, names: Sequence[str], precision: str) -> np.ndarray:
    """Regions ``[3, D, H, W]`` bool of a whole case in one window, given the named sequences only."""
    device = next(network.parameters()).device
    flags = torch.tensor([availability(names)], device=device)
    image = torch.from_numpy(case.image)[None].to(device).float()
    depth, height, width = image.shape[2:]
    # Background is 0, so a case grows by zeros to the edges that the network can take.
    multiple = getattr(network, "multiple", PATCH)
    fill = [(-edge) % multiple for edge in (width, height, depth)]
    image = nn.functional.pad(image, [0, fill[0], 0, fill[1], 0, fill[2]])
    image = image.contiguous(memory_format=torch.channels_last_3d)
    with torch.no_grad(), torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16"):
        logits = network(image, flags).logits[0, :, :depth, :height, :width]
    return (logits > 0).cpu().numpy()


def held_out_dice(
    network: nn.Module, cases: Sequence[LabelledCase], subsets: Sequence[Sequence[str]], precision: str
) -> Means:
    """Subset → region → mean Dice over the cases that have these sequences and this region.

    Beside each mean stands the Dice of the worst case, as ``WT_worst``: a mean hides a patient who is lost.
    """
    means: Means = {}
    for names in subsets:
        scores: dict[str, list[float]] = {key: [] for key in REGION_KEYS}
        for case in cases:
            if (np.array(availability(names)) & ~np.asarray(case.available)).any():
                continue
            truth = labels_to_regions(case.labels)
            dice = region_dice(segment(network, case, names, precision), truth)
            for key, mask in zip(REGION_KEYS, truth, strict=True):
                if mask.any():
                    scores[key].append(dice[key])
        measured = {key: np.array(values or [np.nan]) for key, values in scores.items()}
        means[subset_name(names)] = {key: float(values.mean()) for key, values in measured.items()} | {
            worst(key): float(values.min()) for key, values in measured.items()
        }
    return means


def worst(key: str) -> str:
    """What the worst Dice of a region is called."""
    return f"{key}_worst"


def overall(means: Means) -> float:
    """The mean of all known figures: what ``best.pt`` is chosen by."""
    values = [row[key] for row in means.values() for key in REGION_KEYS]
    return float(np.nanmean(values)) if np.isfinite(values).any() else float("nan")
