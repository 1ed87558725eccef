"""A recipe in the few words that a model card has room for."""

from __future__ import annotations

from dataclasses import MISSING, fields, is_dataclass
from typing import Any

from .recipe import Recipe, Stage

ALWAYS = ("learning_rate", "schedule", "weight_decay", "ema", "precision", "seed")
"""Said also where they are the defaults; of the other numbers only those that the recipe sets."""

LEFT_OUT = ("held_out", "monitored", "check_every", "save_every", "compile")
"""They do not change the weights; whom the training held out is said by name elsewhere."""


def recipe_facts(recipe: Recipe) -> dict[str, Any]:
    """What shaped the weights, as plain data: network, stages, main numbers, all that is no default."""
    facts: dict[str, Any] = {
        "network": str(recipe.network["name"]),
        "stages": [stage_words(stage) for stage in recipe.stages],
        **{name: getattr(recipe, name) for name in ALWAYS},
    }
    changed = _changed(recipe)
    return facts | {name: value for name, value in changed.items() if name not in facts}


def stage_words(stage: Stage) -> str:
    """A stage as ``400 steps of 96×96×96, batch 2``, with what else it sets."""
    words = [f"{stage.steps} steps of {'×'.join(map(str, stage.window))}", f"batch {stage.batch}"]
    if stage.brain_every:
        words.append(f"every {stage.brain_every}th a brain of {'×'.join(map(str, stage.brain_window))}")
    if stage.phase:
        words.append(f"phase {stage.phase}")
    if stage.regions != Stage.regions:
        words.append(f"only {' and '.join(stage.regions)}")
    if stage.independent is not None:
        words.append(f"each sequence dropped with probability {stage.independent:g}")
    return ", ".join(words)


def _changed(settings: Any) -> dict[str, Any]:
    """Fields that differ from their defaults; of those that have settings of their own, the same."""
    found: dict[str, Any] = {}
    for each in fields(settings):
        if each.name in LEFT_OUT:
            continue
        value = getattr(settings, each.name)
        if is_dataclass(value):
            value = _changed(value)
            default: Any = {}
        else:
            default = each.default_factory() if each.default_factory is not MISSING else each.default
        if value != default:
            found[each.name] = value
    return found
