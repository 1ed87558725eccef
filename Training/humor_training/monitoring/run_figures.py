"""What a run's folder tells so far, as curves."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from humor.errors import InputError, UsageError
from humor.regions import REGION_KEYS

from ..checkpoints import ORIGIN, RECIPE
from ..recipe import Recipe, read_recipe
from .pictures import latest_picture
from .tables import GATE_LOADS, HELD_OUT, LOSSES, STEP, Line, number, read_lines


@dataclass(frozen=True)
class RunFigures:
    """Attributes:
    name: the folder's.
    step: the last one that was noted; 0 before the first.
    seconds: of training, over all sittings.
    losses: name → curve, ``total`` first.
    learning_rate: over the steps.
    waiting: share of the time in which the network waited for data.
    speed: steps per minute, checks included.
    held_out: region → one Dice curve for each subset.
    gates: gate → one curve for each expert's load.
    recipe: None if it is missing or of another version.
    recipe_text: the file as it is; "" if it is missing.
    origin: facts about cases, teacher and start; may be empty.
    picture: the latest sample, if there is one.
    """

    name: str
    step: int
    seconds: float
    losses: dict[str, Curve]
    learning_rate: Curve
    waiting: Curve
    speed: Curve
    held_out: dict[str, list[Curve]]
    gates: dict[str, list[Curve]]
    recipe: Recipe | None
    recipe_text: str
    origin: dict[str, Any]
    picture: Path | None

    def overall(self) -> Curve:
        """The mean Dice over subsets and regions at each check: what ``best.pt`` is chosen by."""
        everything: dict[float, list[float]] = {}
        for subsets in self.held_out.values():
            for dice in subsets:
                for step, value in zip(dice.x.tolist(), dice.y.tolist(), strict=True):
                    everything.setdefault(step, []).append(value)
        steps = sorted(everything)
        return curve("mean", steps, [float(np.mean(everything[step])) for step in steps])


def read_figures(folder: Path) -> RunFigures:
    """Read a run's folder, whatever of it is there yet.

    Raises:
        InputError: it is no run's folder, or one of its tables is of another kind.
    """
    names = (RECIPE, LOSSES.name, HELD_OUT.name, GATE_LOADS.name)
    if not any((folder / name).exists() for name in names):
        raise InputError(f"{folder}: none of {', '.join(names)} in it. Give the --run folder of a training.")
    noted = read_lines(folder, LOSSES)
    steps, seconds = _column(noted, STEP), _column(noted, "seconds")
    path = folder / RECIPE
    return RunFigures(
        name=folder.resolve().name,
        step=int(steps[-1]) if steps else 0,
        seconds=seconds[-1] if seconds and math.isfinite(seconds[-1]) else 0.0,
        losses=_losses(noted),
        learning_rate=curve("learning rate", steps, _column(noted, "learning_rate")),
        waiting=curve("waiting for data", steps, _column(noted, "waiting_share")),
        speed=_speed(steps, seconds),
        held_out=_held_out(read_lines(folder, HELD_OUT)),
        gates=_gates(read_lines(folder, GATE_LOADS)),
        recipe=_recipe(path),
        recipe_text=path.read_text(encoding="utf-8", errors="replace") if path.exists() else "",
        origin=_origin(folder / ORIGIN),
        picture=latest_picture(folder),
    )


def _column(lines: list[Line], name: str) -> list[float]:
    return [number(line[name]) for line in lines]


def _losses(lines: list[Line]) -> dict[str, Curve]:
    names = [name for name in (lines[0] if lines else ()) if name not in LOSSES.columns]
    names.sort(key=lambda name: name != "total")
    return {name: curve(name, _column(lines, STEP), _column(lines, name)) for name in names}


def _speed(steps: list[float], seconds: list[float]) -> Curve:
    """Steps per minute between two notes."""
    gained, spent = np.diff([0.0, *steps]), np.diff([0.0, *seconds])
    with np.errstate(divide="ignore", invalid="ignore"):
        return curve("steps per minute", steps, np.where(spent > 0, 60.0 * gained / spent, np.nan).tolist())


def _held_out(lines: list[Line]) -> dict[str, list[Curve]]:
    subsets = dict.fromkeys(line["subset"] for line in lines)
    by_subset = {name: [line for line in lines if line["subset"] == name] for name in subsets}
    return {
        key: [curve(name, _column(rows, STEP), _column(rows, key)) for name, rows in by_subset.items()]
        for key in REGION_KEYS
        if lines
    }


def _gates(lines: list[Line]) -> dict[str, list[Curve]]:
    points: dict[str, dict[str, list[Line]]] = {}
    for line in lines:
        points.setdefault(line["gate"], {}).setdefault(line["expert"], []).append(line)
    return {
        gate: [curve(name, _column(rows, STEP), _column(rows, "load")) for name, rows in experts.items()]
        for gate, experts in points.items()
    }


def _recipe(path: Path) -> Recipe | None:
    try:
        return read_recipe(path)
    except UsageError:  # a page about an older training is still worth having
        return None


def _origin(path: Path) -> dict[str, Any]:
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return facts if isinstance(facts, dict) else {}


SMOOTHING = 0.1
"""Share of the steps so far that a smoothed value is the mean of."""


@dataclass(frozen=True)
class Curve:
    """Attributes:
    name: for legends.
    x: increasing.
    y: as long as ``x``; no NaN.
    """

    name: str
    x: np.ndarray
    y: np.ndarray


def curve(name: str, x: Sequence[float] | np.ndarray, y: Sequence[float] | np.ndarray) -> Curve:
    """A curve of the points that have a finite value."""
    places, values = np.asarray(x, float), np.asarray(y, float)
    known = np.isfinite(places) & np.isfinite(values)
    return Curve(name, places[known], values[known])


def smooth(raw: Curve) -> Curve:
    """Each value becomes the mean of itself and the last tenth of the values before it.

    The window grows with the training: losses fall fast at first and slowly later, so an even width
    on a logarithmic time scale keeps the start sharp and still averages the noise of the end.
    """
    count = np.arange(1, len(raw.y) + 1)
    first = count - np.ceil(SMOOTHING * count).astype(int)
    sums = np.concatenate([[0.0], np.cumsum(raw.y)])
    return Curve(raw.name, raw.x, (sums[count] - sums[first]) / np.maximum(count - first, 1))
