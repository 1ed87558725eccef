"""A case: a study on one working grid, normalised, cropped to the brain, ready for a network; and back.

The working grid has 1 mm voxels (or the model's spacing), array axes pointing to Superior,
Posterior, Left (the memory order of an LPS NIfTI file, so that the usual case needs no copy),
and keeps the obliqueness of the reference sequence. Results go back to the voxels of its own file.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..box import mask_box
from ..warnings import RunWarning
from .alignment import Misplaced
from .brain import box_in
from .grid import Grid
from .nifti_geometry import NiftiFields
from .resampling import interpolate, place, voxel_map

Box = tuple[slice, slice, slice]
MARGIN = 4  # voxels of the case's grid: what interpolation and the smoothing before it reach


@dataclass(frozen=True)
class Case:
    """What a network sees, and all that is needed to go back.

    Attributes:
        image: float32 ``[4, D, H, W]`` in sequence order; z-scored inside the brain, exactly 0
            outside it and in missing sequences.
        available: four flags in sequence order.
        brain: bool ``[D, H, W]``, the foreground.
        grid: where ``image`` lies (the crop of the working grid).
        native: the reference sequence's own grid, in its file's own axis order: results go here.
        reference: the sequence that gives the native grid.
        warnings: for the user.
        fields: what NIfTI files on the native grid must repeat of a header that contradicts itself.
        misplaced: the sequences that do not lie on the others; ``warnings`` say so too.
        skull: whether ``brain`` is the whole head, because no sequence is skull-stripped.
    """

    image: np.ndarray
    available: tuple[bool, bool, bool, bool]
    brain: np.ndarray
    grid: Grid
    native: Grid
    reference: str
    warnings: list[RunWarning] = field(default_factory=list)
    fields: NiftiFields | None = None
    misplaced: tuple[Misplaced, ...] = ()
    skull: bool = False


def to_native(case: Case, array: np.ndarray, order: int = 1) -> np.ndarray:
    """Bring an array on ``case.grid`` to ``case.native``, in the file's own axis order.

    Where the working grid has the file's own voxels nothing is interpolated: every value returns to
    its voxel. Elsewhere values are interpolated, masks as 0 and 1 cut at one half.

    Args:
        case: what was segmented.
        array: ``[C, D, H, W]`` or ``[D, H, W]`` on ``case.grid``; real numbers or bool.
        order: of the spline: 0 nearest (label maps), 1 linear (probabilities).

    Returns:
        ``[C, *case.native.shape]`` or ``case.native.shape``, 0 outside the case; the same type as
        ``array`` where nothing is interpolated and for masks and order 0, else float32.

    Raises:
        ValueError: the array does not lie on the case's grid.
    """
    if array.shape[-3:] != case.grid.shape:
        raise ValueError(f"an array of shape {array.shape} does not lie on the case's grid {case.grid.shape}")
    voxels = voxel_map(case.grid, case.native)
    if voxels is not None:
        return place(array, voxels, case.native.shape)
    channels = array.reshape(-1, *case.grid.shape)
    kept = array.dtype if array.dtype == bool or order == 0 else np.dtype(np.float32)
    restored = np.zeros((len(channels), *case.native.shape[::-1]), kept).transpose(0, 3, 2, 1)
    for channel, result in zip(channels, restored, strict=True):
        box = _box_of(channel, case.grid, case.native)
        if box is not None:
            result[box] = _interpolated(channel, case.grid, _part(case.native, box), order)
    return restored.reshape(*array.shape[:-3], *case.native.shape)


def masks_to_native(case: Case, probabilities: np.ndarray, limit: float) -> tuple[Box, np.ndarray]:
    """Bring probabilities to ``case.native``, only where one can reach ``limit``.

    Interpolation is linear, so nothing exceeds its neighbours: outside the box of the voxels that
    reach the limit, no voxel of the native grid does. A large scan is spared most of its voxels.

    Returns:
        the box of native voxels, and float32 ``[C, *box]``.
    """
    reached: np.ndarray = np.any(probabilities >= limit, axis=0)
    box = _box_of(reached, case.grid, case.native)
    if box is None:
        return (slice(0, 0), slice(0, 0), slice(0, 0)), np.zeros((len(probabilities), 0, 0, 0), np.float32)
    part = _part(case.native, box)
    return box, np.stack([_interpolated(channel, case.grid, part, 1) for channel in probabilities])


def _box_of(array: np.ndarray, grid: Grid, native: Grid) -> Box | None:
    """The native voxels between which and beyond which everything interpolated from ``array`` is 0."""
    start, stop = mask_box(array != 0)
    if (start == stop).any():
        return None
    low, high = box_in(grid, start - MARGIN, stop + MARGIN, native)
    begin = np.clip(np.floor(low).astype(int), 0, native.shape)
    end = np.clip(np.ceil(high).astype(int) + 1, begin, native.shape)
    if (begin == end).any():
        return None
    i, j, k = (slice(int(first), int(last)) for first, last in zip(begin, end, strict=True))
    return (i, j, k)


def _part(grid: Grid, box: Box) -> Grid:
    i, j, k = box
    return grid.crop((i.start, j.start, k.start), (i.stop - i.start, j.stop - j.start, k.stop - k.start))


def _interpolated(channel: np.ndarray, grid: Grid, target: Grid, order: int) -> np.ndarray:
    is_mask = channel.dtype == bool
    values, inside = interpolate(channel, grid, target, order, smooth=order > 0)
    values *= inside
    return values >= 0.5 if is_mask else values.astype(channel.dtype if order == 0 else np.float32)
