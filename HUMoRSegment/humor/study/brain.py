"""The brain of a study on its working grid, and the box that a case keeps of it."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor

import numpy as np

from ..box import mask_box
from ..errors import InputError
from ..warnings import RunWarning, warn
from .foreground import Foreground
from .grid import Grid
from .plausible import check_working_grid
from .resampling import field_of_view, resample_mask
from .volume import Volume

SMALLEST_BRAIN_ML = 400.0
COVERAGE_TO_WARN = 0.9
HEAD_COVERAGE_TO_WARN = 0.75  # whole heads end at necks of different length


def find_brain(
    volumes: Mapping[str, Volume],
    found: Mapping[str, Foreground],
    working: Grid,
    multiple: int,
    margin: int,
    pool: Executor,
) -> tuple[Grid, np.ndarray, dict[str, np.ndarray]]:
    """The union of the sequences' foregrounds, cropped to its box, wherever the reference ends.

    Where some sequences are skull-stripped and others are not, only the stripped ones say where
    the brain is.

    Returns:
        the case's grid (box plus margin, centred in lengths that are multiples of ``multiple``),
        the brain on it (bool), and every sequence's own foreground on it.

    Raises:
        InputError: there is no foreground, or its box does not fit in memory.
    """
    chosen = [name for name in volumes if found[name].stripped] or list(volumes)
    low, high = np.full(3, np.inf), np.full(3, -np.inf)
    for name in chosen:
        begin, end = box_in(volumes[name].grid, *mask_box(found[name].mask), working)
        low, high = np.minimum(low, begin), np.maximum(high, end)
    grid = _window(working, low, high, multiple, margin)
    check_working_grid(volumes[chosen[0]].path, grid)
    masks = pool.map(lambda name: resample_mask(found[name].mask, volumes[name].grid, grid), volumes)
    own = dict(zip(volumes, masks, strict=True))
    brain = np.logical_or.reduce([own[name] for name in chosen])
    if not brain.any():
        raise InputError(_no_brain(volumes))
    begin, end = mask_box(brain)
    tight = _window(grid, begin - 0.5, end - 0.5, multiple, margin)
    if tight.shape != grid.shape:  # the boxes of oblique or anisotropic sequences are a little loose
        own = {name: resample_mask(mask, grid, tight) for name, mask in own.items()}
        grid, brain = tight, resample_mask(brain, grid, tight)
    return grid, brain, own


def box_in(source: Grid, start: np.ndarray, stop: np.ndarray, target: Grid) -> tuple[np.ndarray, np.ndarray]:
    """The lowest and highest (fractional) target index of a box of source voxels, their edges included."""
    lows, highs = np.asarray(start) - 0.5, np.asarray(stop) - 0.5
    corners = np.array(np.meshgrid(*zip(lows, highs, strict=True), [1.0], indexing="ij")).reshape(4, -1)
    indices = (target.index_of(source) @ corners)[:3]
    return indices.min(axis=1), indices.max(axis=1)


def brain_warnings(
    volumes: Mapping[str, Volume],
    found: Mapping[str, Foreground],
    own: Mapping[str, np.ndarray],
    brain: np.ndarray,
    grid: Grid,
    reference: str,
) -> list[RunWarning]:
    """What the user should know about the foreground of a study."""
    warnings = []
    raw = [name for name in volumes if not found[name].stripped]
    if raw:
        warnings.append(warn("not_skull_stripped", sequences=raw))
    size = int(np.count_nonzero(brain))
    if size * grid.voxel_ml < SMALLEST_BRAIN_ML:
        warnings.append(warn("little_brain", volume_ml=size * grid.voxel_ml))
    for name in volumes:
        file = volumes[name].path.name
        within = _share_within(volumes[name].grid, brain, grid, size)
        cut = within < (COVERAGE_TO_WARN if found[name].stripped else HEAD_COVERAGE_TO_WARN)
        covered = int(np.count_nonzero(own[name] & brain)) / size if found[name].stripped else within
        if cut and name == reference:
            warnings.append(warn("reference_cut", file=file, sequence=name, share=within))
        elif cut or (found[name].stripped and covered < COVERAGE_TO_WARN):
            warnings.append(warn("sequence_cut", file=file, sequence=name, share=covered))
    return warnings


def _share_within(source: Grid, brain: np.ndarray, grid: Grid, size: int) -> float:
    """The share of the brain that lies in the field of view of ``source``."""
    start, stop = mask_box(brain)
    low, high = box_in(grid, start, stop, source)
    if (low >= -1).all() and (high <= np.array(source.shape)).all():
        return 1.0
    return int(np.count_nonzero(brain & field_of_view(source, grid))) / size


def _window(within: Grid, low: np.ndarray, high: np.ndarray, multiple: int, margin: int) -> Grid:
    """The grid around the box ``low`` to ``high`` (edges, in voxels of ``within``), padded evenly."""
    begin = np.floor(low + 0.5 + 1e-3).astype(int) - margin
    end = np.ceil(high + 0.5 - 1e-3).astype(int) + margin
    lengths = np.maximum(1, -(-(end - begin) // multiple)) * multiple
    begin = begin - (lengths - (end - begin)) // 2
    return within.crop(
        (int(begin[0]), int(begin[1]), int(begin[2])), (int(lengths[0]), int(lengths[1]), int(lengths[2]))
    )


def _no_brain(volumes: Mapping[str, Volume]) -> str:
    files = ", ".join(str(volume.path) for volume in volumes.values())
    return f"No brain was found in {files}. Check that the images show a head, and that they overlap."
