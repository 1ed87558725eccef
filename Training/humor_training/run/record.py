"""What a training writes down while it runs: tables, TensorBoard, pictures, the report's page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from torch import nn

from humor.networks.prediction import GateWeights
from humor.regions import REGION_KEYS
from humor.sequences import subset_name

from ..data.packing import LabelledCase
from ..monitoring.gate_loads import GateLoads
from ..monitoring.page import write_page
from ..monitoring.pictures import sample_picture
from ..monitoring.tables import GATE_LOADS, HELD_OUT, LOSSES, Table, Value
from ..monitoring.tensorboard import TensorBoard
from .held_out import Means, segment, worst
from .schedule import learning_rate
from .training import Losses, Training

SAMPLES = "samples"


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
        folder = self._folder / SAMPLES
        folder.mkdir(exist_ok=True)
        path = folder / f"step_{self._training.step:08d}.png"
        sample_picture(path, case.image, case.labels, predictions)

    def close(self) -> None:
        """Write what is still waiting."""
        self._board.close()
