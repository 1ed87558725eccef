"""From a case back to the voxels of the reference sequence's own file."""

from __future__ import annotations

import numpy as np

from .case import Case
from .resampling import interpolate, place, voxel_map


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
    restored = np.stack([_interpolated(case, channel, order) for channel in channels])
    return restored.reshape(*array.shape[:-3], *case.native.shape)


def _interpolated(case: Case, channel: np.ndarray, order: int) -> np.ndarray:
    is_mask = channel.dtype == bool
    source = channel.astype(np.float32) if is_mask or order > 0 else channel
    values, inside = interpolate(source, case.grid, case.native, order, smooth=order > 0)
    values *= inside
    return values >= 0.5 if is_mask else values.astype(channel.dtype if order == 0 else np.float32)
