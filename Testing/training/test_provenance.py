"""What a card says of a training."""

from __future__ import annotations

from typing import Any

from humor_training.provenance import training_facts

RUN: dict[str, Any] = {"network": "n", "seed": 3, "steps_done": 8, "hours": 0.5, "cases_learned_from": 2}


def test_a_run_is_told_whole() -> None:
    facts = training_facts(RUN | {"start": {"bundle": "b"}}, {"held_out": ["p1"]}, "two patients")
    assert facts["data"] == "two patients"
    assert facts["held_out"] == ["p1"]
    assert "cores" in facts["exported_on"]
    assert {key: facts[key] for key in RUN} == RUN
    assert facts["start"] == {"bundle": "b"}


def test_a_mean_of_runs_does_not_claim_the_first_ones_recipe() -> None:
    facts = training_facts(RUN | {"averaged": [RUN, RUN | {"seed": 4}]}, {}, "")
    assert facts["data"] == "not described"
    assert "seed" not in facts and "network" not in facts
    assert [each["seed"] for each in facts["averaged"]] == [3, 4]
    assert facts["steps_done"] == 8
