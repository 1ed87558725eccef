"""One process of a distributed training whose second process meets a problem; started by ``test_ranks``."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from humor.errors import HumorError, InputError
from humor.networks.prediction import GateWeights
from humor_training.data.labelled_case import LabelledCase
from humor_training.losses.objective import Batch
from humor_training.recipe import Recipe, Stage
from humor_training.run.batches import Batches
from humor_training.run.fit import CaseSplit, fit
from humor_training.run.processes import make_fabric
from humor_training.run.record import Record
from humor_training.run.training import Losses, Training

NETWORK = {"name": "humor_student_pyramid", "dim": 24, "mlp": 48, "depth": 4, "heads": 3, "feature_size": 4}
RECIPE = Recipe(NETWORK, (Stage(6, (32, 32, 32), 1),), precision="fp32", held_out=0)


def case(name: str) -> LabelledCase:
    """A cube of noise with a brighter cube in it."""
    labels = np.zeros((32, 32, 32), np.uint8)
    labels[8:20, 8:20, 8:20] = 4
    image = (np.random.default_rng(0).normal(size=(4, 32, 32, 32)) + 2 * (labels > 0)).astype(np.float16)
    return LabelledCase(name, image, np.ones(4, bool), labels)


def lose_a_number(at: int) -> None:
    """The loss of step ``at`` becomes NaN where it is read, in this process only."""
    one_step = Training.one_step

    def broken(self: Training, batches: Batches) -> dict[str, float]:
        losses = one_step(self, batches)
        return losses | {"total": float("nan")} if self.step == at else losses

    Training.one_step = broken  # type: ignore[method-assign]


def lose_a_case(at: int) -> None:
    """Batch ``at`` cannot be made, in this process only."""
    following, made = Batches.next, [0]

    def broken(self: Batches) -> Batch:
        made[0] += 1
        if made[0] == at:
            raise InputError("case0.case.npz is gone. Copy it again.")
        return following(self)

    Batches.next = broken  # type: ignore[method-assign]


def lose_the_disk(at: int) -> None:
    """Nothing can be written from step ``at`` on; only the first process writes."""
    step = Record.step

    def broken(self: Record, losses: Losses, routing: list[GateWeights]) -> None:
        made[0] += 1
        if made[0] >= at:
            raise OSError("No space left on device")
        step(self, losses, routing)

    made = [0]
    Record.step = broken  # type: ignore[method-assign]


def main(kind: str, folder: str) -> None:
    """Train on two processes; one breaks at step 3."""
    fabric = make_fabric("cpu")
    if fabric.global_rank == (0 if kind == "disk" else 1):
        {"nan": lose_a_number, "case": lose_a_case, "disk": lose_the_disk}[kind](3)
    try:
        fit(RECIPE, CaseSplit([case("case0"), case("case1")], []), Path(folder), fabric)
    except (HumorError, OSError) as error:
        print(f"rank {fabric.global_rank}: {error}", flush=True)
        sys.exit(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
