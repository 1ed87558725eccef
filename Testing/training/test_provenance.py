"""What a card says of a training."""

from __future__ import annotations

import json
from typing import Any

from humor_training.augmentation.config import AugmentationConfig
from humor_training.provenance import Lineage, recipe_metadata, stage_words, training_metadata
from humor_training.recipe import LossWeights, Recipe, Stage

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


FIRST: dict[str, Any] = {"recipe": "first", "seed": 1}
SECOND: dict[str, Any] = {"seed": 2, "start": FIRST}
THIRD: dict[str, Any] = {"seed": 3, "start": SECOND}
STUDENT: dict[str, Any] = {"seed": 4, "start": {"steps": 5, "averaged": [SECOND, THIRD]}}


def test_runs_are_listed_once_and_oldest_first() -> None:
    lineage = Lineage(STUDENT)
    assert lineage.earlier == {
        "run 1": {"recipe": "first", "seed": 1},
        "run 2": {"seed": 2, "began_with": "run 1"},
        "run 3": {"seed": 3, "began_with": "run 2"},
    }
    assert lineage.metadata == {"seed": 4, "began_with": "the mean of run 2 and run 3"}


def test_a_teacher_that_was_grown_from_this_run_says_so() -> None:
    lineage = Lineage(STUDENT)
    assert lineage.name({"seed": 6, "start": {"grown_from": STUDENT}}) == "run 4"
    assert lineage.earlier["run 4"] == {"seed": 6, "grown_from": "this run"}


def test_bundles_are_named_and_not_listed() -> None:
    bundle = {"bundle": "humor-student", "version": "5.0", "created": "2026-11-21"}
    lineage = Lineage({"seed": 1, "start": bundle, "teacher": {"seed": 2, "start": {"grown_from": bundle}}})
    assert lineage.metadata == {"seed": 1, "began_with": "humor-student 5.0", "teacher": "run 1"}
    assert lineage.earlier == {"run 1": {"seed": 2, "grown_from": "humor-student 5.0"}}


def test_a_mean_names_its_runs() -> None:
    lineage = Lineage({"steps": 9, "averaged": [SECOND, THIRD]})
    assert lineage.metadata == {"steps": 9, "weights": "the mean of run 2 and run 3"}
    assert list(lineage.earlier) == ["run 1", "run 2", "run 3"]


def test_a_run_from_nothing_has_no_ancestors() -> None:
    lineage = Lineage({"seed": 1})
    assert (lineage.metadata, lineage.earlier) == ({"seed": 1}, {})


STAGE = Stage(steps=400, window=(96, 112, 96), batch=2)


def test_defaults_are_left_out_but_the_main_numbers() -> None:
    facts = recipe_metadata(Recipe(network={"name": "humor_student_pyramid"}, stages=(STAGE,), check_every=7))
    assert facts == {
        "network": "humor_student_pyramid",
        "stages": ["400 steps of 96×112×96, batch 2"],
        "learning_rate": 5e-4,
        "schedule": "cosine",
        "weight_decay": 0.03,
        "ema": 0.998,
        "precision": "bf16",
        "seed": 1,
    }


def test_what_a_recipe_sets_is_said_however_deep_it_lies() -> None:
    recipe = Recipe(
        network={"name": "humor_teacher_pyramid"},
        stages=(STAGE,),
        gate_share=0.5,
        loss=LossWeights(balance=0.5),
        augmentation=AugmentationConfig(transplant=0.35, subset_weights={"t1": 9}),
    )
    facts = json.loads(json.dumps(recipe_metadata(recipe)))
    assert facts["gate_share"] == 0.5
    assert facts["loss"] == {"balance": 0.5}
    assert facts["augmentation"] == {"transplant": 0.35, "subset_weights": {"t1": 9}}
    assert "distillation" not in facts


def test_a_stage_says_what_else_it_sets() -> None:
    stage = Stage(steps=5, window=(32, 32, 32), batch=1, phase="gate", regions=("WT", "TC"), independent=0.25)
    assert stage_words(stage) == (
        "5 steps of 32×32×32, batch 1, phase gate, only WT and TC, "
        "each sequence dropped with probability 0.25"
    )
