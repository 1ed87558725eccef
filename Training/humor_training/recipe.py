"""A recipe: every number of one training, read from YAML; unknown names are errors."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import yaml

from humor.errors import UsageError
from humor.regions import REGION_KEYS
from humor.sequences import SEQUENCES, subset_name

from .augmentation.config import AugmentationConfig

Made = TypeVar("Made")
SCHEDULES = ("cosine", "poly")
PRECISIONS = ("bf16", "fp32")


@dataclass(frozen=True)
class Stage:
    """A stretch of the training.

    Attributes:
        steps: how many.
        window: edges in voxels.
        batch: windows per process and step.
        phase: for networks that are trained in phases (``lora_moe``, ``m4oe``, ``mome``), which one.
        regions: the regions that are learned; a curriculum begins with WT.
        independent: each sequence is dropped with this probability, in place of the recipe's rule.
        brain_every: every so manyth step takes one whole brain per process in place of the windows; 0: none.
            Networks that normalise over a window, or attend over it, must learn both sizes side by side.
        brain_window: edges of those.
    """

    steps: int
    window: tuple[int, int, int]
    batch: int
    phase: str = ""
    regions: tuple[str, ...] = REGION_KEYS
    independent: float | None = None
    brain_every: int = 0
    brain_window: tuple[int, int, int] = (144, 176, 144)

    def __post_init__(self) -> None:
        if unknown := sorted(set(self.regions) - set(REGION_KEYS)):
            raise UsageError(f"stage: unknown region {', '.join(unknown)}. Known: {', '.join(REGION_KEYS)}.")
        if not self.regions:
            raise UsageError("stage: regions must name at least one region.")
        if self.steps < 1 or self.batch < 1 or len(self.window) != 3 or min(self.window) < 1:
            raise UsageError(
                "stage: steps and batch must be at least 1, window three edges in voxels, "
                f"not {self.steps}, {self.batch} and {list(self.window)}."
            )
        if self.brain_every < 0 or len(self.brain_window) != 3 or min(self.brain_window) < 1:
            raise UsageError(
                "stage: brain_every must be at least 0, brain_window three edges in voxels, "
                f"not {self.brain_every} and {list(self.brain_window)}."
            )

    def drawn_at(self, step: int) -> tuple[tuple[int, int, int], int]:
        """Edges and number of the windows that a process takes at a step of this stage, from 0."""
        if self.brain_every and (step + 1) % self.brain_every == 0:
            return self.brain_window, 1
        return self.window, self.batch

    @property
    def largest(self) -> tuple[int, int, int]:
        """The largest windows that it takes."""
        return self.brain_window if self.brain_every else self.window

    def region_weights(self) -> tuple[float, ...]:
        """1 or 0 for each of WT, TC, ET."""
        return tuple(float(key in self.regions) for key in REGION_KEYS)


@dataclass(frozen=True)
class LossWeights:
    """What is added to Dice + cross-entropy, each term times its weight; 0 leaves it out.

    Attributes:
        deep: the same loss at coarser scales, for networks that give them.
        balance: uneven use of experts; annealed to 0 over the training.
        entropy: undecided gates.
        overlap: experts whose first layers look alike.
        monotonicity: being worse with one more sequence; every second step, and twice its cost.
        own_experts: 1: MoME's curriculum from the experts' own losses to that of the mixture.
    """

    deep: float = 0.0
    balance: float = 0.0
    entropy: float = 0.0
    overlap: float = 0.0
    monotonicity: float = 0.0
    own_experts: float = 0.0


@dataclass(frozen=True)
class DistillationWeights:
    """How a student follows its teacher, when one is given.

    Attributes:
        alpha: share of the teacher's probabilities in the loss, ``(1−α)·DiceBCE + α·T²·KL``.
        temperature: T.
        gates: weight of the divergence of gate heads from the teacher's gates.
        teacher_sees_all: the teacher is given all sequences of the patient, also those that the
            student must do without. Its gates are always compared on the student's subset.
    """

    alpha: float = 0.3
    temperature: float = 3.0
    gates: float = 1.0
    teacher_sees_all: bool = False


@dataclass(frozen=True)
class Recipe:
    """All numbers of a training. What each is for stands in the YAML files under ``recipes``.

    ``gate_share`` is the gates' share of the learning rate. ``compile``: the network as machine code made for
    it (``torch.compile``); where that cannot be made, a warning, and the steps cost more.
    """

    network: dict[str, Any]
    stages: tuple[Stage, ...]
    learning_rate: float = 5e-4
    gate_share: float = 1.0
    schedule: str = "cosine"
    warmup: int = 200
    weight_decay: float = 0.03
    clip: float = 1.0
    ema: float = 0.998
    accumulate: int = 1
    precision: str = "bf16"
    gradient_checkpointing: bool = False
    compile: bool = False
    loss: LossWeights = field(default_factory=LossWeights)
    distillation: DistillationWeights = field(default_factory=DistillationWeights)
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)
    held_out: int = 5
    monitored: tuple[tuple[str, ...], ...] = (SEQUENCES, ("t1c", "flair"), ("t1",))
    check_every: int = 500
    save_every: int = 250
    seed: int = 1

    def __post_init__(self) -> None:
        for name, value, known in (
            ("schedule", self.schedule, SCHEDULES),
            ("precision", self.precision, PRECISIONS),
        ):
            if value not in known:
                raise UsageError(f"{name} must be one of {', '.join(known)}, not {value!r}.")
        if self.gate_share < 0:
            raise UsageError(
                f"gate_share is a share of the learning rate, at least 0, not {self.gate_share!r}."
            )
        if not self.stages:
            raise UsageError("stages: at least one is needed.")
        for names in self.monitored:
            subset_name(names)

    @property
    def steps(self) -> int:
        """Steps of all stages together."""
        return sum(stage.steps for stage in self.stages)

    def stage_at(self, step: int) -> Stage:
        """The stage that step number ``step`` (from 0) belongs to."""
        return self._place(step)[0]

    def drawn_at(self, step: int) -> tuple[tuple[int, int, int], int]:
        """Edges and number of the windows that a process takes at step number ``step`` (from 0)."""
        stage, within = self._place(step)
        return stage.drawn_at(within)

    def _place(self, step: int) -> tuple[Stage, int]:
        """The stage of a step, and the step's number within it."""
        for stage in self.stages:
            if step < stage.steps:
                return stage, step
            step -= stage.steps
        return self.stages[-1], self.stages[-1].steps + step

    def augmentation_at(self, step: int) -> AugmentationConfig:
        """The augmentation of a step, with its stage's own rule for dropping sequences."""
        independent = self.stage_at(step).independent
        return (
            self.augmentation if independent is None else replace(self.augmentation, independent=independent)
        )

    def mixing_progress(self, step: int) -> float:
        """R of MoME's curriculum: 0 while experts learn alone, then from 0 to 1 over the other stages."""
        alone = sum(stage.steps for stage in self.stages if stage.phase == "experts")
        return max(step - alone, 0) / max(self.steps - alone, 1)

    @property
    def keeps_dropped(self) -> bool:
        """Whether batches hold the dropped sequences too, for losses that look at more than one subset."""
        return self.loss.monotonicity > 0 or self.distillation.teacher_sees_all


def read_recipe(path: Path) -> Recipe:
    """Read a recipe.

    Raises:
        UsageError: the file cannot be read, or holds an unknown, missing or impossible value.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError, ValueError) as problem:
        raise _not_a_recipe(str(path), problem) from problem
    return recipe_of(data, str(path))


def recipe_of(data: Any, source: str) -> Recipe:
    """A recipe from YAML's plain data; raises as ``read_recipe`` does, with ``source`` in the message."""
    try:
        return _made(Recipe, data)
    except (TypeError, ValueError, KeyError, UsageError) as problem:
        raise _not_a_recipe(source, problem) from problem


def _not_a_recipe(source: str, problem: Exception) -> UsageError:
    return UsageError(
        f"{source}: not a recipe ({problem}) See the examples in Training/humor_training/recipes."
    )


def _made(kind: type[Made], data: Any) -> Made:
    """A dataclass from YAML's plain data, by the types of its fields."""
    assert is_dataclass(kind)
    if not isinstance(data, Mapping):
        raise UsageError(f"{kind.__name__} must be a table of names and values, not {data!r}.")
    known = {entry.name for entry in fields(kind)}
    if unknown := sorted(set(data) - known):
        raise UsageError(f"unknown {', '.join(unknown)}; known: {', '.join(sorted(known))}.")
    types = typing.get_type_hints(kind)
    return kind(**{name: _value(types[name], value) for name, value in data.items()})


def _value(kind: Any, value: Any) -> Any:
    if is_dataclass(kind):
        return _made(kind, value)  # type: ignore[arg-type]
    if kind is float and isinstance(value, int | str):
        return float(value)  # YAML reads 1e-4 as text
    if typing.get_origin(kind) is tuple:
        inner = typing.get_args(kind)[0]
        return tuple(_value(inner, entry) for entry in value)
    return value
