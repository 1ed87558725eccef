"""Bring an array from one grid to another: by flips, transposes and slices where that is exact."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .grid import Grid

Slices = tuple[slice, ...]

EXACT_TOLERANCE = 0.05  # voxels: less is rounding of stored affines, not another place
_TRUNCATE = 3.0  # standard deviations, of the smoothing before voxels become coarser


@dataclass(frozen=True)
class VoxelMap:
    """How the voxels of a source grid coincide with those of a target grid.

    Attributes:
        axes: for every target axis, the source axis along it.
        signs: for every target axis, 1 or -1: whether the source runs along or against it.
        starts: for every target axis, the target index of the source's first voxel in running order.
    """

    axes: tuple[int, int, int]
    signs: tuple[int, int, int]
    starts: tuple[int, int, int]

    def overlap(self, source: tuple[int, ...], target: tuple[int, ...]) -> tuple[Slices, Slices]:
        """Slices of the target, and of the permuted and flipped source, where both are there."""
        into, taken = [], []
        for start, axis, wanted in zip(self.starts, self.axes, target, strict=True):
            begin = max(start, 0)
            end = max(begin, min(start + source[axis], wanted))
            into.append(slice(begin, end))
            taken.append(slice(begin - start, end - start))
        return tuple(into), tuple(taken)


def voxel_map(source: Grid, target: Grid) -> VoxelMap | None:
    """The map if every voxel centre of one grid is one of the other (as far as they overlap), else None."""
    matrix = source.index_of(target)
    rounded = np.round(matrix)
    corners = target.corners()
    if np.abs((matrix - rounded) @ corners).max() > EXACT_TOLERANCE:
        return None
    signed = rounded[:3, :3].astype(int)
    if not (np.abs(signed).sum(axis=0) == 1).all() or not (np.abs(signed).sum(axis=1) == 1).all():
        return None
    axes = np.abs(signed).argmax(axis=0)
    signs = signed.sum(axis=0)
    offset = rounded[:3, 3].astype(int)
    # source index = sign * target index + offset, so the first source voxel in running order lies at
    # target index -offset (along) or offset - (n - 1) (against).
    starts = [
        -offset[a] if sign > 0 else offset[a] - (source.shape[a] - 1)
        for a, sign in zip(axes, signs, strict=True)
    ]
    return VoxelMap(_triple(axes), _triple(signs), _triple(starts))


def place(array: np.ndarray, voxels: VoxelMap, shape: tuple[int, int, int], fill: float = 0) -> np.ndarray:
    """Copy ``array[..., I, J, K]`` into a new array ``[..., *shape]``; elsewhere ``fill``.

    The result has the source's order of axes in memory, so that the copy runs along memory.
    """
    lead = array.ndim - 3
    view = array.transpose(*range(lead), *[lead + a for a in voxels.axes])
    forwards: Slices = tuple(slice(None, None, sign) for sign in voxels.signs)
    every: Slices = (slice(None),) * lead
    view = view[every + forwards]
    result = _empty_like_order(view, shape, fill)
    into, taken = voxels.overlap(array.shape[lead:], shape)
    result[every + into] = view[every + taken]
    return result


def resample(array: np.ndarray, source: Grid, target: Grid) -> tuple[np.ndarray, np.ndarray]:
    """Bring ``array[I, J, K]`` from ``source`` to ``target``, exactly where that is possible.

    Returns:
        values on ``target`` (own type where exact, float32 where interpolated; outside the source
        they mean nothing), and the bool mask of the places inside the source's field of view.
    """
    voxels = voxel_map(source, target)
    if voxels is None:
        return interpolate(array, source, target)
    inside = np.zeros(target.shape, bool)
    inside[voxels.overlap(source.shape, target.shape)[0]] = True
    return place(array, voxels, target.shape), inside


def resample_mask(mask: np.ndarray, source: Grid, target: Grid) -> np.ndarray:
    """Bring a bool mask ``[I, J, K]`` to ``target``; outside the source it is False."""
    values, inside = resample(mask, source, target)
    return inside & (values >= 0.5)


def interpolate(
    array: np.ndarray, source: Grid, target: Grid, order: int = 1, smooth: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """Interpolate ``array[I, J, K]`` at the voxel centres of ``target``.

    Args:
        array: real numbers, ``[I, J, K]``.
        source: where ``array`` lies.
        target: where its values are wanted.
        order: of the spline: 0 nearest, 1 linear.
        smooth: whether to smooth first where the target is coarser, so that nothing is aliased.

    Returns:
        float32 values on ``target`` (edge values outside the source), and the bool mask of the
        places inside the source's field of view.
    """
    matrix = source.index_of(target)
    steps = np.abs(matrix[:3, :3]).max(axis=1)  # source voxels per target voxel, by source axis
    sigma = np.where(steps > 1.5, (steps - 1) / 2, 0.0) * smooth
    inside = field_of_view(source, target)
    axes = _axes_along(matrix, target.shape)
    if axes is not None:
        lines = [(matrix[axis, along], matrix[axis, 3]) for axis, along in enumerate(axes)]
        wanted = [target.shape[along] for along in axes]
        if order == 0:
            values = array[np.ix_(*_nearest(lines, wanted, array.shape))].astype(np.float32)
        else:
            values = apply_by_axis(array, _weights(lines, wanted, array.shape, sigma))
        return values.transpose([axes.index(along) for along in range(3)]), inside
    from scipy import ndimage

    if sigma.any():
        array = ndimage.gaussian_filter(array.astype(np.float32), sigma, mode="nearest", truncate=_TRUNCATE)
    values = ndimage.affine_transform(
        array, matrix[:3, :3], matrix[:3, 3], target.shape, np.float32, order, "nearest", prefilter=False
    )
    return values, inside


def _axes_along(matrix: np.ndarray, shape: tuple[int, int, int]) -> list[int] | None:
    """The target axis along every source axis where two grids share their axes' directions, else None."""
    reach = np.abs(matrix[:3, :3]) * (np.array(shape) - 1)
    along = [int(axis) for axis in np.abs(matrix[:3, :3]).argmax(axis=1)]
    reach[range(3), along] = 0
    return along if sorted(along) == [0, 1, 2] and reach.sum(axis=1).max() <= EXACT_TOLERANCE else None


def _nearest(lines: list[tuple[float, float]], wanted: list[int], shape: tuple[int, ...]) -> list[np.ndarray]:
    """The nearest source index of every target index, by source axis."""
    return [
        np.clip(np.floor(scale * np.arange(count) + offset + 0.5).astype(int), 0, length - 1)
        for (scale, offset), count, length in zip(lines, wanted, shape, strict=True)
    ]


def _weights(
    lines: list[tuple[float, float]], wanted: list[int], shape: tuple[int, ...], sigma: np.ndarray
) -> list[np.ndarray]:
    """By source axis, the weights ``[target, source]`` of smoothing and linear interpolation in one."""
    from scipy.sparse import csr_array

    matrices = []
    for (scale, offset), count, length, width in zip(lines, wanted, shape, sigma, strict=True):
        index = np.clip(scale * np.arange(count) + offset, 0, length - 1)
        below = np.minimum(index.astype(int), max(length - 2, 0))
        weights = np.zeros((count, length))
        rows = np.arange(count)
        weights[rows, below] = 1 - (index - below)
        weights[rows, np.minimum(below + 1, length - 1)] += index - below
        if width > 0:
            from scipy import ndimage

            smoothing = ndimage.gaussian_filter1d(
                np.eye(length), width, axis=0, mode="nearest", truncate=_TRUNCATE
            )
            weights = (csr_array(weights) @ csr_array(smoothing)).toarray()
        matrices.append(weights.astype(np.float32))
    return matrices


def apply_by_axis(array: np.ndarray, weights: list[np.ndarray]) -> np.ndarray:
    """``sum w0[x, i] w1[y, j] w2[z, k] array[i, j, k]``, as float32 ``[x, y, z]``.

    Plane by plane along memory, so that no more than what comes out is kept at a time. Most weights
    are 0, so that sparse products do less than dense ones, and need none of BLAS's threads.
    """
    from scipy.sparse import csr_array

    slow, middle, fast = sorted(range(3), key=lambda axis: -abs(array.strides[axis]))
    planes = array.transpose(slow, middle, fast)
    (rows, row_weights), (columns, column_weights) = _used(weights[middle]), _used(weights[fast])
    planes = planes[:, rows, columns]
    result = np.empty((len(weights[slow]), len(row_weights), len(column_weights)), np.float32)
    along_rows, along_columns = csr_array(row_weights), csr_array(column_weights)
    flat: dict[int, np.ndarray] = {}  # planes that are through with their own two axes
    for place, line in enumerate(weights[slow]):
        used = np.flatnonzero(line).tolist()
        for index in [index for index in flat if index not in used]:
            del flat[index]
        for index in used:
            if index not in flat:
                fewer_rows = along_rows @ planes[index].astype(np.float32)
                flat[index] = (along_columns @ fewer_rows.T).T
        np.multiply(flat[used[0]], line[used[0]], out=result[place])
        for index in used[1:]:
            result[place] += flat[index] * line[index]
    return result.transpose(np.argsort([slow, middle, fast]))


def _used(weights: np.ndarray) -> tuple[slice, np.ndarray]:
    """The part of the source that any weight reaches, and the weights there."""
    columns = np.flatnonzero(weights.any(axis=0))
    part = slice(int(columns[0]), int(columns[-1]) + 1)
    return part, np.ascontiguousarray(weights[:, part])


def field_of_view(source: Grid, target: Grid) -> np.ndarray:
    """Whether each target voxel's centre lies in some source voxel: bool ``[*target.shape]``."""
    inside = np.ones(target.shape, bool)
    ranges = np.ogrid[: target.shape[0], : target.shape[1], : target.shape[2]]
    for row, length in zip(source.index_of(target)[:3], source.shape, strict=True):
        # Axes that do not matter are left out: then one line of voxels says it for all.
        steps = [
            step * line for step, line in zip(row[:3], ranges, strict=True) if abs(step) * line.size > 1e-3
        ]
        index = sum(steps, start=np.full((1, 1, 1), row[3]))
        inside &= (index >= -0.5 - EXACT_TOLERANCE) & (index <= length - 0.5 + EXACT_TOLERANCE)
    return inside


def _empty_like_order(view: np.ndarray, shape: tuple[int, int, int], fill: float) -> np.ndarray:
    lead = view.ndim - 3
    steps = [abs(step) for step in view.strides[lead:]]
    order = sorted(range(3), key=lambda axis: -steps[axis])  # slowest axis first
    memory_shape = (*view.shape[:lead], *[shape[axis] for axis in order])
    memory = np.zeros(memory_shape, view.dtype) if fill == 0 else np.full(memory_shape, fill, view.dtype)
    back = [lead + order.index(axis) for axis in range(3)]
    return memory.transpose(*range(lead), *back)


def _triple(values: np.ndarray | list[int]) -> tuple[int, int, int]:
    return (int(values[0]), int(values[1]), int(values[2]))
