"""What a card says of a training."""

from __future__ import annotations

from typing import Any

from humor_training.provenance import training_metadata

RUN: dict[str, Any] = {"network": "n", "seed": 3, "steps_done": 8, "hours": 0.5, "cases_learned_from": 2}


def test_a_run_is_told_whole() -> None:
    facts = training_metadata(RUN | {"start": {"bundle": "b"}}, {"held_out": ["p1"]}, "two patients")
    assert facts["data"] == "two patients"
    assert facts["held_out"] == ["p1"]
    assert "cores" in facts["exported_on"]
    assert {key: facts[key] for key in RUN} == RUN
    assert facts["began_with"] == "b"
    assert "earlier_runs" not in facts and "gate_heads" not in facts


def test_a_mean_of_runs_does_not_claim_the_first_ones_recipe() -> None:
    facts = training_metadata(RUN | {"averaged": [RUN, RUN | {"seed": 4}]}, {}, "")
    assert facts["data"] == "not described"
    assert "seed" not in facts and "network" not in facts
    assert [each["seed"] for each in facts["earlier_runs"].values()] == [3, 4]
    assert facts["steps_done"] == 8


def test_gate_heads_name_their_teacher() -> None:
    heads = {"teacher": {"seed": 6, "start": {"grown_from": RUN}}, "steps": 5, "kl_nats": 0.1}
    facts = training_metadata(RUN, {}, "", heads)
    assert facts["gate_heads"] == {"teacher": "run 1", "steps": 5, "kl_nats": 0.1}
    assert facts["earlier_runs"] == {"run 1": {"seed": 6, "grown_from": "this run"}}
