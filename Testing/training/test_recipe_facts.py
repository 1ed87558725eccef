"""What a card says of a recipe."""

from __future__ import annotations

import json

from humor_training.augmentation.config import AugmentationConfig
from humor_training.provenance import recipe_metadata, stage_words
from humor_training.recipe import LossWeights, Recipe, Stage

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
