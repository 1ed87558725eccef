"""A recipe: every number of one training, read from YAML; unknown names are errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

from humor.errors import UsageError

from .augmentation.windows import SpatialConfig


@dataclass(frozen=True)
class Stage:
    """A stretch of the training: so many steps with windows of one size."""

    steps: int
    window: tuple[int, int, int]
    batch: int


@dataclass(frozen=True)
class Recipe:
    """All numbers of a training. What each is for stands in the YAML files under ``recipes``."""

    network: dict[str, Any]
    stages: tuple[Stage, ...]
    learning_rate: float = 5e-4
    warmup: int = 200
    weight_decay: float = 0.03
    clip: float = 1.0
    ema: float = 0.998
    keep_all: float = 0.3
    balance: float = 0.0
    held_out: int = 5
    check_every: int = 500
    seed: int = 1
    spatial: SpatialConfig = field(default_factory=SpatialConfig)

    @property
    def steps(self) -> int:
        """Steps of all stages together."""
        return sum(stage.steps for stage in self.stages)

    def stage_at(self, step: int) -> Stage:
        """The stage that step number ``step`` (from 0) belongs to."""
        for stage in self.stages:
            if step < stage.steps:
                return stage
            step -= stage.steps
        return self.stages[-1]

    def facts(self) -> dict[str, Any]:
        """The recipe as plain data, for cards and logs."""
        return asdict(self)


def read_recipe(path: Path) -> Recipe:
    """Read a recipe.

    Raises:
        UsageError: the file cannot be read, or holds an unknown or missing name.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        known = {entry.name for entry in fields(Recipe)}
        if unknown := sorted(set(data) - known):
            raise UsageError(f"{path}: unknown {', '.join(unknown)}. Known: {', '.join(sorted(known))}.")
        data["stages"] = tuple(_stage(entry) for entry in data["stages"])
        data["spatial"] = SpatialConfig(**data.get("spatial", {}))
        return Recipe(**data)
    except (OSError, yaml.YAMLError, TypeError, KeyError) as problem:
        raise UsageError(
            f"{path}: not a recipe ({problem}). See the examples in Training/humor_training/recipes."
        ) from problem


def _stage(entry: Mapping[str, Any]) -> Stage:
    depth, height, width = entry["window"]
    return Stage(int(entry["steps"]), (int(depth), int(height), int(width)), int(entry["batch"]))
