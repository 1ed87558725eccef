"""A run folder with made-up figures: nothing in it was measured, it only has a training's shapes."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np

from humor.regions import REGION_KEYS
from humor_training.monitoring.pictures import picture_path, sample_picture
from humor_training.monitoring.tables import GATE_LOADS, HELD_OUT, LOSSES, Table, Value

STEPS = 4000
RECIPE = """# Made up for tests.
network: {name: humor_teacher_pyramid}
stages:
  - {steps: 3000, window: [96, 96, 96], batch: 4}
  - {steps: 2000, window: [144, 176, 144], batch: 2}
"""
SUBSETS = ("t1+t1c+t2+flair", "t1c+flair", "t1")
GATES = ("group1/block1", "group2/block5", "group4/block12")


def write_made_up_run(folder: Path, with_gates: bool = True, note_every: int = 25) -> Path:
    """Tables, recipe and a picture of a training that never was."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "recipe.yaml").write_text(RECIPE, encoding="utf-8")
    facts = {"learned_from": ["a", "b", "c"], "held_out": ["d"]}
    (folder / "origin.json").write_text(json.dumps(facts), encoding="utf-8")
    Table(folder, LOSSES, 0).add([_losses(step) for step in range(note_every, STEPS + 1, note_every)])
    checks = range(500, STEPS + 1, 500)
    Table(folder, HELD_OUT, 0).add([_dice(step, index) for step in checks for index in range(len(SUBSETS))])
    if with_gates:
        rows = [row for step in range(note_every, STEPS + 1, note_every) for row in _loads(step)]
        Table(folder, GATE_LOADS, 0).add(rows)
    image, labels = phantom()
    regions = np.stack([labels > 0, (labels == 1) | (labels == 4), labels == 4])
    shifted = np.roll(regions, 2, axis=-1)
    predictions = {SUBSETS[0]: regions, SUBSETS[1]: shifted, SUBSETS[2]: np.zeros_like(regions)}
    sample_picture(picture_path(folder, STEPS), image, labels, predictions)
    return folder


def phantom(shape: tuple[int, int, int] = (48, 64, 48)) -> tuple[np.ndarray, np.ndarray]:
    """An ellipsoid of noise with three nested balls in it: image ``[4, D, H, W]`` and BraTS labels."""
    grid = np.stack(np.meshgrid(*(np.linspace(-1, 1, size) for size in shape), indexing="ij"))
    brain = (grid**2).sum(0) < 0.9
    chance = np.random.default_rng(0)
    image = np.where(brain, chance.normal(0.0, 0.3, (4, *shape)) + 1.0, 0.0).astype(np.float16)
    distance = np.sqrt(((grid - np.array([0.2, -0.2, 0.3])[:, None, None, None]) ** 2).sum(0))
    labels = np.zeros(shape, np.uint8)
    for radius, value in ((0.45, 2), (0.3, 4), (0.15, 1)):
        labels[distance < radius] = value
        image[:, distance < radius] += 1.0
    return image, labels


def _losses(step: int) -> dict[str, Value]:
    noise = 0.06 * math.sin(1.7 * step) + 0.04 * math.sin(0.13 * step)
    segmentation = 0.35 + 1.4 * math.exp(-step / 700) + noise
    balance = 0.04 * (1 - step / 5000) * (1 + 0.3 * math.sin(0.01 * step))
    row: dict[str, Value] = {
        "step": step,
        "seconds": 1.1 * step + 60.0 * (step // 500),
        "learning_rate": 4e-4 * min(step / 500, 1.0) * (0.5 + 0.5 * math.cos(math.pi * step / 5000)),
        "waiting_share": 0.04 + 0.03 * math.sin(0.02 * step) ** 2,
        "total": segmentation + balance + 0.02,
        "segmentation": segmentation,
        "balance": balance,
    }
    if step > 3000:  # a term that only a later stage has
        row["entropy"] = 0.02 * math.exp(-(step - 3000) / 400)
    return row


def _dice(step: int, index: int) -> dict[str, Value]:
    best = (0.9, 0.84, 0.55)[index]
    reached = best * (1 - math.exp(-step / 900))
    dice = {key: reached * factor for key, factor in zip(REGION_KEYS, (1.0, 0.9, 0.8), strict=True)}
    if index == 2:
        dice["ET"] = math.nan  # as where no case has the region
    return {"step": step, "subset": SUBSETS[index], **dice}


def _loads(step: int) -> list[dict[str, Value]]:
    rows: list[dict[str, Value]] = []
    for index, gate in enumerate(GATES):
        raw = [1.0, math.exp(-index * step / 2500), math.exp(0.4 * math.sin(step / 600 + index))]
        rows += [
            {"step": step, "gate": gate, "expert": f"expert {number}", "load": value / sum(raw)}
            for number, value in enumerate(raw, start=1)
        ]
    return rows
