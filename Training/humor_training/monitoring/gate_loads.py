"""How much every expert of every gate is used: mean weights between two notes."""

from __future__ import annotations

from collections.abc import Iterable

from torch import Tensor

from humor.networks.prediction import GateWeights

from .tables import STEP, Value


def mean_load(gate: GateWeights) -> Tensor:
    """The mean weight of every expert over batch and space, ``[E]``, float32, summing to 1."""
    return gate.weights.detach().float().mean(dim=(0, 2, 3, 4))


class GateLoads:
    """Gathers the loads of many steps; sums stay on the device, so that no step waits for a copy."""

    def __init__(self) -> None:
        self._sums: dict[str, tuple[tuple[str, ...], Tensor, int]] = {}

    def add(self, routing: Iterable[GateWeights]) -> None:
        """Take in one prediction's gates. Gates may come and go with a training's phases."""
        for gate in routing:
            load = mean_load(gate)
            experts, total, count = self._sums.get(gate.name, (gate.experts, load.new_zeros(()), 0))
            self._sums[gate.name] = (experts, total + load, count + 1)

    def take(self, step: int) -> list[dict[str, Value]]:
        """Rows of ``gate_loads.csv``: the means since the last call; none if there was no gate."""
        rows: list[dict[str, Value]] = []
        for gate, (experts, total, count) in self._sums.items():
            loads = (total / count).tolist()
            rows += [
                {STEP: step, "gate": gate, "expert": expert, "load": load}
                for expert, load in zip(experts, loads, strict=True)
            ]
        self._sums = {}
        return rows
