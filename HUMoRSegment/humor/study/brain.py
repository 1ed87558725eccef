"""The patient in each sequence, and the brain of a study: on its working grid, and the box kept of it.

A skull-stripped image has one exactly constant background value (not always 0: z-scored images
have their minimum there, others any value). A raw scan may also be constant far from the head, but
its foreground is larger than any brain, or full of weak noise and skin fat.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np

from ..box import mask_box
from ..errors import InputError
from ..warnings import RunWarning, warn
from .grid import Grid, check_working_grid
from .resampling import field_of_view, resample_mask
from .volume import Volume

SMALLEST_BRAIN_ML = 400.0
COVERAGE_TO_WARN = 0.9
HEAD_COVERAGE_TO_WARN = 0.75  # whole heads end at necks of different length
CONSTANT_SHARE = 0.98  # of the box's edges: less, and there is no constant background
LARGEST_BRAIN_ML = 2200.0  # intracranial volumes of adults stay below about 1900 ml
WEAK_LEVEL = 0.1  # of the 99th percentile above background
WEAK_SHARE = 0.13  # of the foreground; 0 to 0.08 in stripped brains, 0.18 to 0.28 in raw heads
HEAD_MM = 1.2  # a head is found on voxels no larger than this
_SAMPLE_STEP = 101


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


@dataclass(frozen=True)
class Foreground:
    """Where a sequence shows the patient.

    Attributes:
        mask: bool, on the volume's own grid.
        stripped: whether this is a brain without its skull.
        volume_ml: of the mask.
    """

    mask: np.ndarray
    stripped: bool
    volume_ml: float


def find_foreground(volume: Volume) -> Foreground:
    """The brain of a skull-stripped sequence, or the head of a raw one."""
    background, share = _background(volume.data)
    voxel_ml = volume.grid.voxel_ml
    if share >= CONSTANT_SHARE:
        mask = volume.data != background
        volume_ml = int(np.count_nonzero(mask)) * voxel_ml
        if volume_ml <= LARGEST_BRAIN_ML and not _has_weak_noise(volume, background):
            return Foreground(mask, True, volume_ml)
    mask = _head(volume)
    return Foreground(mask, False, int(np.count_nonzero(mask)) * voxel_ml)


def _background(data: np.ndarray) -> tuple[float, float]:
    """The most frequent value on the twelve edges of the box, and its share of them."""
    ends = (0, -1)
    edges = [line for a in ends for b in ends for line in (data[:, a, b], data[a, :, b], data[a, b, :])]
    values, counts = np.unique(np.concatenate(edges), return_counts=True)
    most = counts.argmax()
    return values[most], float(counts[most] / counts.sum())


def _has_weak_noise(volume: Volume, background: float) -> bool:
    """Whether much of the foreground is hardly brighter than the background, as noise and air are."""
    sample = volume.data.ravel(order="K")[::_SAMPLE_STEP]
    above = np.sign(volume.slope) * (sample[sample != background].astype(float) - float(background))
    if above.size == 0 or (above < 0).mean() > 0.05:
        return False  # a background amid the values was put there by masking
    return bool((above < WEAK_LEVEL * np.percentile(above, 99)).mean() > WEAK_SHARE)


def _head(volume: Volume) -> np.ndarray:
    """Everything above Otsu's threshold, with the holes of every axial slice filled, without specks.

    Found on voxels of up to 1.2 mm: half a millimetre of a head's outline is not worth eight times the time.
    """
    from scipy import ndimage

    steps = [max(1, int(HEAD_MM // length)) for length in volume.grid.spacing]
    i, j, k = (slice(None, None, step) for step in steps)
    thinned = np.asfortranarray(volume.data[i, j, k])
    data = thinned if volume.slope > 0 else -thinned.astype(np.float32)
    mask = data > otsu_threshold(data)
    slices = int(np.abs(volume.grid.affine[2, :3] / volume.grid.spacing).argmax())
    mask = np.moveaxis(mask, slices, 0)
    in_plane = np.zeros((3, 3, 3), bool)
    in_plane[1, 1, :] = in_plane[1, :, 1] = True
    holes, count = ndimage.label(~mask, in_plane)
    outside = np.zeros(count + 1, bool)
    for rim in (holes[:, 0], holes[:, -1], holes[:, :, 0], holes[:, :, -1]):
        outside[rim.ravel()] = True
    outside[0] = False
    parts, count = ndimage.label(~outside[holes])
    sizes = np.bincount(parts.ravel(), minlength=2)
    sizes[0] = 0
    head = np.moveaxis(parts == sizes.argmax(), 0, slices)
    for axis, step in enumerate(steps):
        if step > 1:
            head = head.repeat(step, axis)
    i, j, k = (slice(length) for length in volume.data.shape)
    return head[i, j, k]


def otsu_threshold(data: np.ndarray, bins: int = 256) -> float:
    """The value that best separates dark from bright (Otsu 1979, IEEE Trans. SMC 9:62-66).

    Computed below the 99.5th percentile, so that a few very bright voxels do not coarsen the bins.
    """
    sample = data.ravel(order="K")[::7].astype(np.float64)
    low, high = sample.min(), np.percentile(sample, 99.5)
    if high <= low:
        return float(low)
    counts, borders = np.histogram(np.clip(sample, low, high), bins, (low, high))
    centres = (borders[:-1] + borders[1:]) / 2
    weight = np.cumsum(counts)
    total = np.cumsum(counts * centres)
    below, above = weight[:-1], weight[-1] - weight[:-1]
    valid = (below > 0) & (above > 0)
    mean_below = np.divide(total[:-1], below, where=valid, out=np.zeros(bins - 1))
    mean_above = np.divide(total[-1] - total[:-1], above, where=valid, out=np.zeros(bins - 1))
    between = np.where(valid, below * above * (mean_below - mean_above) ** 2, -1.0)
    return float(borders[1 + between.argmax()])
