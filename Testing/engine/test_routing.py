from __future__ import annotations

import numpy as np
import pytest

from humor.routing import GateMap, Routing

WEIGHTS = np.array([[0.2, 0.6], [0.8, 0.4]], np.float32).reshape(2, 2, 1, 1)
ROUTING = Routing([GateMap("group1/block1", ("a", "b"), WEIGHTS, np.eye(4))], "distilled")


def test_means_are_over_all_places_or_weighted_by_how_much_brain_they_hold() -> None:
    assert ROUTING.mean_weights()["group1/block1"] == pytest.approx({"a": 0.4, "b": 0.6})
    brain = {"group1/block1": np.array([0.0, 5.0]).reshape(2, 1, 1)}
    assert ROUTING.mean_weights(brain)["group1/block1"] == pytest.approx({"a": 0.6, "b": 0.4})


def test_places_without_any_brain_are_averaged_evenly() -> None:
    nowhere = {"group1/block1": np.zeros((2, 1, 1))}
    assert ROUTING.mean_weights(nowhere) == ROUTING.mean_weights()


def test_the_table_says_source_experts_and_means() -> None:
    table = ROUTING.to_table()
    assert table["source"] == "distilled"
    assert table["gates"][0]["experts"] == ["a", "b"]
    assert sum(table["gates"][0]["mean_weights"].values()) == pytest.approx(1.0)
