"""The average brain that synthetic patients are made of, on the working axes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from humor.box import mask_box
from humor.errors import HumorError, UsageError
from humor.study.grid import Grid
from humor.study.resampling import place, voxel_map
from humor.study.study import read_volume

FILES = ("t1", "gm", "wm")
SULCI = 2.0
"""An average brain's sulci are blurred: this much sharper."""
MARGIN = 8


@dataclass(frozen=True)
class Template:
    """An average brain.

    Attributes:
        maps: float32 ``[4, D, H, W]``: brain (0 or 1), grey and white matter (0 to 1), and how much
            brighter than its tissue a voxel is in T1, in units of white minus grey (about -1 to 1):
            what tells thalamus from cortex.
        grid: where the voxels lie; axes point to Superior, Posterior, Left.
    """

    maps: Tensor
    grid: Grid


@lru_cache(maxsize=2)
def load_template(folder: Path) -> Template:
    """Read ``t1``, ``gm`` and ``wm`` ``.nii.gz``, skull-stripped and on one grid.

    Raises:
        UsageError: they are not there, or not of one brain.
    """
    try:
        volumes = {name: read_volume(folder / f"{name}.nii.gz") for name in FILES}
    except HumorError as problem:
        raise UsageError(
            f"{folder}: no templates for synthetic patients ({problem}) Give a folder with t1.nii.gz, "
            "gm.nii.gz and wm.nii.gz of an average brain, such as ICBM 152 (2009a)."
        ) from problem
    grid = volumes["t1"].grid.to_working_axes()
    arrays = []
    for name in FILES:
        voxels = voxel_map(volumes[name].grid, grid)
        if voxels is None:
            raise UsageError(f"{volumes[name].path}: must be on the same voxels as t1.nii.gz. Resample it.")
        arrays.append(np.array(place(volumes[name].data, voxels, grid.shape), np.float32))
    return _made(arrays, grid)


def _made(arrays: list[np.ndarray], grid: Grid) -> Template:
    begin, end = mask_box(arrays[0] > 0)
    shape = (end - begin) + 2 * MARGIN
    target = grid.crop(_triple(begin - MARGIN), _triple(shape))
    t1, grey, white = (np.pad(array[tuple(map(slice, begin, end))], MARGIN) for array in arrays)
    grey, white = grey / max(grey.max(), 1.0), white / max(white.max(), 1.0)
    brain = t1 > 0
    fluid = np.where(brain, 1 - grey - white, 0).clip(0, 1)
    levels = [_level(t1, part, brain) for part in (fluid, grey, white)]
    # The T1 shows sulci that the maps of tissues hardly do.
    seen = np.clip((levels[1] - t1) / (levels[1] - levels[0]), 0, 1) * brain
    fluid = np.clip(SULCI * np.maximum(fluid, seen), 0, 1)
    total = np.maximum(grey + white, 1e-3)
    grey, white = grey / total * (1 - fluid), white / total * (1 - fluid)
    expected = levels[0] * fluid + levels[1] * grey + levels[2] * white
    rest = np.clip((t1 - expected) / (levels[2] - levels[1]), -1, 1) * brain * (1 - fluid)
    maps = np.stack([brain, grey * brain, white * brain, rest]).astype(np.float32)
    return Template(torch.from_numpy(maps), target)


def _level(t1: np.ndarray, part: np.ndarray, brain: np.ndarray) -> float:
    """How bright a tissue is: the median of its purest voxels."""
    purest = part[brain].max()
    return float(np.median(t1[brain & (part > 0.9 * purest)]))


def _triple(values: np.ndarray) -> tuple[int, int, int]:
    return int(values[0]), int(values[1]), int(values[2])
