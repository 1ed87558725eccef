"""Loads are means over batch, space and steps."""

from __future__ import annotations

import pytest
import torch

from humor.networks.prediction import GateWeights
from humor_training.monitoring.tables import GateLoads, mean_load


def gate(name: str, *loads: float, shape: tuple[int, int, int] = (1, 1, 1)) -> GateWeights:
    weights = torch.tensor(loads)[None, :, None, None, None].expand(2, -1, *shape)
    return GateWeights(name, tuple(f"e{index}" for index in range(len(loads))), weights)


def test_the_load_is_the_mean_over_batch_and_space() -> None:
    weights = torch.zeros(2, 2, 1, 1, 2)
    weights[:, 0] = torch.tensor([[[1.0, 0.5]], [[0.25, 0.25]]])[:, None]
    weights[:, 1] = 1.0 - weights[:, 0]
    assert mean_load(GateWeights("g", ("a", "b"), weights)).tolist() == [0.5, 0.5]


def test_the_load_is_computed_in_float32_and_without_gradient() -> None:
    weights = torch.full((1, 3, 16, 16, 16), 1 / 3, dtype=torch.bfloat16, requires_grad=True)
    load = mean_load(GateWeights("g", ("a", "b", "c"), weights))
    assert load.dtype == torch.float32 and not load.requires_grad
    assert load[0].item() == pytest.approx(1 / 3, rel=2e-3)


def test_rows_hold_the_mean_of_the_steps_since_the_last_note() -> None:
    loads = GateLoads()
    loads.add([gate("g1", 0.25, 0.75), gate("g2", 1.0, 0.0, shape=(2, 2, 2))])
    loads.add([gate("g1", 0.75, 0.25), gate("g2", 0.5, 0.5, shape=(2, 2, 2))])
    assert loads.take(50) == [
        {"step": 50, "gate": "g1", "expert": "e0", "load": 0.5},
        {"step": 50, "gate": "g1", "expert": "e1", "load": 0.5},
        {"step": 50, "gate": "g2", "expert": "e0", "load": 0.75},
        {"step": 50, "gate": "g2", "expert": "e1", "load": 0.25},
    ]
    loads.add([gate("g1", 1.0, 0.0)])
    assert [row["load"] for row in loads.take(75)] == [1.0, 0.0]


def test_a_gate_that_comes_with_a_later_phase_is_averaged_over_its_own_steps() -> None:
    loads = GateLoads()
    loads.add([])
    loads.add([gate("late", 0.25, 0.75)])
    assert [row["load"] for row in loads.take(10)] == [0.25, 0.75]


def test_a_network_without_gates_gives_no_rows() -> None:
    loads = GateLoads()
    loads.add([])
    assert loads.take(10) == []
