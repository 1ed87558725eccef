"""Routing: which expert decided what, where. The record that every model hands out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class GateMap:
    """The weights of one gate.

    Attributes:
        name: e.g. ``group2/block5``.
        experts: names of the experts, one per weight.
        weights: float32 ``[experts, d, h, w]``; over experts they sum to 1 at every place. A gate
            that decides once for the whole image has ``d = h = w = 1``.
        affine: 4×4 from the index ``(i, j, k)`` of ``weights[e]`` to world RAS in mm.
    """

    name: str
    experts: tuple[str, ...]
    weights: np.ndarray
    affine: np.ndarray


@dataclass(frozen=True)
class Routing:
    """All gates of one run.

    Attributes:
        gates: in the network's order.
        source: ``learned`` (the model routes by these weights) or ``distilled`` (a student's
            prediction of its teacher's weights: shown as "distilled from the teacher").
    """

    gates: list[GateMap] = field(default_factory=list)
    source: str = "learned"

    def mean_weights(self, brain_weight: dict[str, np.ndarray] | None = None) -> dict[str, dict[str, float]]:
        """Gate → expert → mean weight over space.

        Args:
            brain_weight: gate name → ``[d, h, w]`` non-negative weights of the places (how much
                brain, or tumour, each holds); a gate not in it is averaged evenly.
        """
        table: dict[str, dict[str, float]] = {}
        for gate in self.gates:
            places = (brain_weight or {}).get(gate.name)
            if places is None or places.sum() <= 0:
                places = np.ones(gate.weights.shape[1:], np.float32)
            means = (gate.weights * places).sum(axis=(1, 2, 3)) / places.sum()
            table[gate.name] = {name: float(mean) for name, mean in zip(gate.experts, means, strict=True)}
        return table

    def to_table(self) -> dict[str, Any]:
        """The facts of ``routing.json``: source, and per gate its experts and mean weights."""
        means = self.mean_weights()
        return {
            "source": self.source,
            "gates": [
                {"name": gate.name, "experts": list(gate.experts), "mean_weights": means[gate.name]}
                for gate in self.gates
            ],
        }
