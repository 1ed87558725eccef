"""What a model card must say about where a model comes from: recipes, runs, and the runs behind them."""

from __future__ import annotations

import os
import platform
from dataclasses import MISSING, fields, is_dataclass
from typing import Any

from humor import __version__

from .recipe import Recipe, Stage

CITATIONS = (
    "Hatamizadeh et al. 2022, WACV, arXiv:2103.10504 (UNETR)",
    "Hinton et al. 2015, arXiv:1503.02531 (distillation)",
)
"""Of the methods; the data's own citations are given to ``humor-train export``."""

BRATS = (
    "Menze et al. 2015, IEEE TMI, doi:10.1109/TMI.2014.2377694 (BraTS)",
    "Bakas et al. 2017, Scientific Data, doi:10.1038/sdata.2017.117 (BraTS)",
    "Bakas et al. 2018, arXiv:1811.02629 (BraTS)",
    "Baid et al. 2021, arXiv:2107.02314 (BraTS 2021)",
)


def training_metadata(
    run: dict[str, Any], origin: dict[str, Any], data: str, gate_heads: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Data, split, recipe, seed, hardware and hours of a training, for ``bundle.json``.

    Args:
        run: metadata of the run, as from ``run_metadata``.
        origin: the run's ``origin.json``.
        data: what it learned from, in words; "" for no words.
        gate_heads: metadata of gate heads that were fitted afterwards, their teacher's among them.
    """
    if "averaged" in run:  # the recipe is that of the first run only; each run's own stands below
        run = {key: run[key] for key in ("steps_done", "hours", "cases_learned_from", "averaged")}
    lineage = Lineage(run)
    metadata: dict[str, Any] = {
        "data": data or "not described",
        "held_out": origin.get("held_out", []),
        "exported_on": f"{platform.machine()}, {os.cpu_count()} cores",
        "defaults": f"numbers that are not listed are those of humor_training {__version__}",
        **lineage.metadata,
    }
    if gate_heads:
        metadata["gate_heads"] = gate_heads | {"teacher": lineage.name(gate_heads["teacher"])}
    return metadata | ({"earlier_runs": lineage.earlier} if lineage.earlier else {})


PARENTS = ("start", "teacher", "averaged")
"""Keys of a run's metadata that hold those of other runs; ``start`` may hold ``{"grown_from": ...}``."""


class Lineage:
    """The runs behind one model.

    Args:
        run: the model's own metadata, as from ``run_metadata``, with those of its ancestors nested in them.

    Attributes:
        metadata: the model's own metadata; runs that it came from are named, as in ``began_with: run 2``.
        earlier: name → metadata of every other run that was met so far, oldest first.
    """

    def __init__(self, run: dict[str, Any]) -> None:
        self.earlier: dict[str, dict[str, Any]] = {}
        self.metadata: dict[str, Any] = {}
        self.metadata = self._own(run)

    def name(self, run: dict[str, Any]) -> str:
        """What a run is called here: a number, the bundle that it became, or ``this run``."""
        if "bundle" in run:
            return f"{run['bundle']} {run.get('version', '')}".strip()
        if "averaged" in run:
            return "the mean of " + " and ".join(self.name(each) for each in run["averaged"])
        metadata = self._own(run)
        if metadata == self.metadata:
            return "this run"
        for name, known in self.earlier.items():
            if known == metadata:
                return name
        name = f"run {len(self.earlier) + 1}"
        self.earlier[name] = metadata
        return name

    def _own(self, run: dict[str, Any]) -> dict[str, Any]:
        metadata = {key: value for key, value in run.items() if key not in PARENTS}
        start = run.get("start") or {}
        if "averaged" in run:
            metadata["weights"] = self.name(run)
        elif "grown_from" in start:
            metadata["grown_from"] = self.name(start["grown_from"])
        elif start:
            metadata["began_with"] = self.name(start)
        if run.get("teacher"):
            metadata["teacher"] = self.name(run["teacher"])
        return metadata


ALWAYS = ("learning_rate", "schedule", "weight_decay", "ema", "precision", "seed")
"""Said also where they are the defaults; of the other numbers only those that the recipe sets."""

LEFT_OUT = ("held_out", "monitored", "check_every", "save_every", "compile")
"""They do not change the weights; whom the training held out is said by name elsewhere."""


def recipe_metadata(recipe: Recipe) -> dict[str, Any]:
    """What shaped the weights, as plain data: network, stages, main numbers, all that is no default."""
    metadata: dict[str, Any] = {
        "network": str(recipe.network["name"]),
        "stages": [stage_words(stage) for stage in recipe.stages],
        **{name: getattr(recipe, name) for name in ALWAYS},
    }
    changed = _changed(recipe)
    return metadata | {name: value for name, value in changed.items() if name not in metadata}


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
