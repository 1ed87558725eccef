"""A recipe: every number of one training, from YAML, checked by pydantic; unknown names are errors."""

from __future__ import annotations

import dataclasses
import typing
from dataclasses import field, is_dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from humor.errors import UsageError
from humor.regions import REGION_KEYS
from humor.sequences import SEQUENCES, subset_name

from .augmentation.config import STRICT, Amount, AugmentationConfig, Probability


def _region(name: str) -> str:
    if name not in REGION_KEYS:
        raise ValueError(f"unknown region {name}; known: {', '.join(REGION_KEYS)}")
    return name


def _subset(names: tuple[str, ...]) -> tuple[str, ...]:
    subset_name(names)  # raises for what is none
    return names


def _named(network: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(network.get("name"), str):
        raise ValueError("it needs the name of a network, such as name: humor_student_pyramid")
    return network


AtLeastOne = Annotated[int, Field(ge=1)]
NoneOrMore = Annotated[int, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
Edges = tuple[AtLeastOne, AtLeastOne, AtLeastOne]


@dataclass(frozen=True, config=STRICT)
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

    steps: AtLeastOne
    window: Edges
    batch: AtLeastOne
    phase: str = ""
    regions: Annotated[tuple[Annotated[str, AfterValidator(_region)], ...], Field(min_length=1)] = REGION_KEYS
    independent: Probability | None = None
    brain_every: NoneOrMore = 0
    brain_window: Edges = (144, 176, 144)

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


@dataclass(frozen=True, config=STRICT)
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

    deep: Amount = 0.0
    balance: Amount = 0.0
    entropy: Amount = 0.0
    overlap: Amount = 0.0
    monotonicity: Amount = 0.0
    own_experts: Amount = 0.0


@dataclass(frozen=True, config=STRICT)
class DistillationWeights:
    """How a student follows its teacher, when one is given.

    Attributes:
        alpha: share of the teacher's probabilities in the loss, ``(1−α)·DiceBCE + α·T²·KL``.
        temperature: T.
        gates: weight of the divergence of gate heads from the teacher's gates.
        teacher_sees_all: the teacher is given all sequences of the patient, also those that the
            student must do without. Its gates are always compared on the student's subset.
    """

    alpha: Probability = 0.3
    temperature: Positive = 3.0
    gates: Amount = 1.0
    teacher_sees_all: bool = False


@dataclass(frozen=True, config=STRICT)
class Recipe:
    """All numbers of a training. What each is for stands in the YAML files under ``recipes``.

    ``gate_share`` is the gates' share of the learning rate. ``compile``: the network as machine code made for
    it (``torch.compile``); where that cannot be made, a warning, and the steps cost more.
    """

    network: Annotated[dict[str, Any], AfterValidator(_named)]
    stages: Annotated[tuple[Stage, ...], Field(min_length=1)]
    learning_rate: Amount = 5e-4
    gate_share: Amount = 1.0
    schedule: Literal["cosine", "poly"] = "cosine"
    warmup: NoneOrMore = 200
    weight_decay: Amount = 0.03
    clip: Positive = 1.0
    ema: Annotated[float, Field(ge=0, lt=1)] = 0.998
    accumulate: AtLeastOne = 1
    precision: Literal["bf16", "fp32"] = "bf16"
    gradient_checkpointing: bool = False
    compile: bool = False
    loss: LossWeights = field(default_factory=LossWeights)
    distillation: DistillationWeights = field(default_factory=DistillationWeights)
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)
    held_out: NoneOrMore = 5
    monitored: tuple[Annotated[tuple[str, ...], AfterValidator(_subset)], ...] = (
        SEQUENCES,
        ("t1c", "flair"),
        ("t1",),
    )
    check_every: AtLeastOne = 500
    save_every: AtLeastOne = 250
    seed: NoneOrMore = 1

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
        raise _not_a_recipe(str(path), [str(problem)]) from problem
    return recipe_of(data, str(path))


def recipe_of(data: Any, source: str) -> Recipe:
    """A recipe from YAML's plain data; raises as ``read_recipe`` does, with ``source`` in the message."""
    try:
        return TypeAdapter(Recipe).validate_python(data)
    except ValidationError as problem:
        # A list whose entries are wrong counts as empty too, which is no mistake of its own.
        errors = problem.errors()
        own = [error for error in errors if error["type"] != "too_short"] or errors
        raise _not_a_recipe(source, [_told(error) for error in own]) from problem


def _not_a_recipe(source: str, problems: list[str]) -> UsageError:
    told = "; ".join(problems)
    return UsageError(
        f"{source}: not a recipe ({told}). See the examples in Training/humor_training/recipes."
    )


def _told(error: Any) -> str:
    """One of pydantic's errors: which key, what is wrong, what is allowed."""
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error["loc"])
    name = place.removeprefix(".")
    if error["type"] == "unexpected_keyword_argument":
        return f"unknown {name}; known: {', '.join(sorted(_keys(error['loc'][:-1])))}"
    if error["type"] == "missing":
        return f"{name} is missing"
    if error["type"] == "too_short":
        return f"{name}: at least one is needed"
    if error["type"] == "value_error":  # of a check of ours, which says everything itself
        return f"{name}: {error['msg'].removeprefix('Value error, ')}"
    return f"{name or 'the file'}: {error['msg'].replace('Input', 'it', 1)}, not {error['input']!r}"


def _keys(place: tuple[int | str, ...]) -> list[str]:
    """The keys of the table at a place of a recipe."""
    kind: Any = Recipe
    for part in place:
        if isinstance(part, str):
            kind = next(filter(is_dataclass, _parts_of(typing.get_type_hints(kind)[part])))
    return [each.name for each in dataclasses.fields(kind)]


def _parts_of(hint: Any) -> list[Any]:
    """A type and all that it is made of."""
    return [hint, *(part for inner in typing.get_args(hint) for part in _parts_of(inner))]
