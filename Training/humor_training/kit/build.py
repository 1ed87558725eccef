"""Put a kit together: code, cases, weights to begin with, wheels, a recipe and a start script."""

from __future__ import annotations

import importlib.metadata
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import yaml

import humor
import humor_training
from humor.errors import InputError, UsageError

from ..augmentation.shapes import wanted_shapes
from ..checkpoints import ORIGIN, RECIPE
from ..checkpoints.shards import write_shards
from ..data.labelled_case import LabelledCase
from ..data.packing import copy_label_maps, pack_within
from ..recipe import recipe_of

MEGABYTE = 1024 * 1024
CASES, CODE, RUN, WHEELS = "cases", "code", "run", "wheels"
SHAPES = "label_maps.npz"


def build_kit(
    output: Path,
    recipe_data: dict[str, Any],
    learning: Sequence[LabelledCase],
    held: Sequence[LabelledCase],
    start: dict[str, torch.Tensor] | None,
    start_metadata: dict[str, Any],
    megabytes: float = 60.0,
    python: str | None = "3.12",
) -> dict[str, float]:
    """Write the folder; nothing of the held-out cases goes into it, nor the shapes of their lesions.

    Args:
        output: must not be there yet.
        recipe_data: the recipe's plain data.
        learning: cases to learn from.
        held: cases that stay here; the kit's recipe holds out none.
        start: weights to begin with, or None; they travel in half precision.
        start_metadata: where they come from, for cards.
        megabytes: the most that the folder may hold (MiB).
        python: version for which wheels are fetched; None: no wheels.

    Returns:
        part → MiB, and ``tolerance`` → the largest error of the intensities in standard deviations.

    Raises:
        UsageError: it would hold more than ``megabytes``.
        InputError: wheels cannot be had, shapes cannot be read.
        OSError: the folder cannot be written.
    """
    output.mkdir(parents=True)
    try:
        sizes = _without_cases(output, recipe_data, learning, held, start, start_metadata, python)
        room = int(megabytes * MEGABYTE) - sum(sizes.values())
        tolerance, sizes[CASES] = pack_within(learning, output / CASES, max(room, 0))
        told = {name: round(size / MEGABYTE, 2) for name, size in sizes.items()}
        if sizes[CASES] > room:
            parts = ", ".join(f"{name} {size:g}" for name, size in told.items())
            raise UsageError(
                f"The kit would hold more than {megabytes:g} MiB ({parts}). Give fewer cases (--hold), or "
                "more room (--megabytes)."
            )
    except BaseException:
        shutil.rmtree(output)
        raise
    return {**told, "tolerance": tolerance}


def _without_cases(
    output: Path,
    recipe_data: dict[str, Any],
    learning: Sequence[LabelledCase],
    held: Sequence[LabelledCase],
    start: dict[str, torch.Tensor] | None,
    start_metadata: dict[str, Any],
    python: str | None,
) -> dict[str, int]:
    """Everything else; part → bytes."""
    recipe = recipe_of(recipe_data, "the kit's recipe")
    data = {**recipe_data, "held_out": 0}
    for package in (humor, humor_training):
        source = Path(package.__path__[0])
        shutil.copytree(source, output / CODE / source.name, ignore=shutil.ignore_patterns("__pycache__"))
    here = Path(__file__).parent
    shutil.copy2(here / "run_with.py", output / CODE)
    shutil.copy2(here / "start.sh", output)
    (output / RUN).mkdir()
    if start is not None:
        state = {"average": start, "step": 0, "seconds": 0.0, "best": -1.0}
        write_shards(state, output / RUN, weights_only=True)
        origin = {"start": start_metadata}
        (output / RUN / ORIGIN).write_text(json.dumps(origin, indent=2), encoding="utf-8")
    if recipe.augmentation.painted > 0:
        names = [shape.name for shape in wanted_shapes(recipe.augmentation, held)]
        copy_label_maps(Path(recipe.augmentation.shapes), names, output / SHAPES)
        data["augmentation"] = {**data["augmentation"], "shapes": SHAPES}
    (output / RECIPE).write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
    if python is not None:
        fetch_wheels(output / WHEELS, python)
    return {path.name: _bytes(path) for path in sorted(output.iterdir())}


def _bytes(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


CARRIED = (
    *("monai", "nibabel", "pynrrd", "isal", "psutil", "pyyaml", "safetensors"),
    *("lightning", "lightning-utilities", "torchmetrics", "packaging", "tqdm", "einops"),
    *("pydantic", "pydantic-core", "annotated-types", "typing-inspection", "typing-extensions"),
)
"""scipy and matplotlib are too heavy to carry (55 MB with what they need), and there as a rule."""
PLATFORMS = (
    *(f"manylinux_2_{minor}_x86_64" for minor in (17, 24, 27, 28, 31, 34)),
    "manylinux2014_x86_64",
    "manylinux1_x86_64",
)
"""pip takes each literally."""


def fetch_wheels(folder: Path, python: str) -> None:
    """Download the wheels of ``CARRIED``, in the versions that are installed here.

    Raises:
        InputError: pip could not get one.
    """
    wanted = [f"{name}=={importlib.metadata.version(name)}" for name in CARRIED]
    platforms = [word for name in PLATFORMS for word in ("--platform", name)]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary=:all:", "--implementation", "cp", "--python-version", python, *platforms]
    done = subprocess.run(
        [*command, "--dest", str(folder), *wanted], stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise InputError(
            f"pip could not download the kit's wheels for Python {python} ({reason}). Give another "
            "--python, or --no-wheels and install there what start.sh asks for."
        )
