"""Which slices to show, and how: orthogonal views of a case in radiological convention.

The working grid's array axes point to Superior, Posterior, Left, so that every view is a plain
slice, seen as radiologists do: the patient's left on the right of the picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..box import bounding_box, true_places
from ..inference.segmentation import Segmentation
from ..regions import REGION_KEYS
from ..study.grid import Grid

MARGIN_MM = 2.0


@dataclass(frozen=True)
class Plane:
    """One orthogonal orientation.

    Attributes:
        name: for people.
        axis: the array axis that is cut.
        flip: whether rows run from the last index to the first (Superior must be on top).
        marks: letters at left, right, top and bottom.
    """

    name: str
    axis: int
    flip: bool
    marks: tuple[str, str, str, str]


PLANES: tuple[Plane, ...] = (
    Plane("axial", 0, False, ("R", "L", "A", "P")),
    Plane("coronal", 1, True, ("R", "L", "S", "I")),
    Plane("sagittal", 2, True, ("A", "P", "S", "I")),
)


@dataclass(frozen=True)
class Target:
    """What the views go through.

    Attributes:
        region: ``ET``, ``TC``, ``WT``, or None for the centre of the brain.
        index: voxel of the working grid.
        world: the same place in RAS, mm.
    """

    region: str | None
    index: tuple[int, int, int]
    world: tuple[float, float, float]


def find_target(segmentation: Segmentation) -> Target:
    """The centre of ET, or of TC or WT if there is none, or of the brain if there is no tumour.

    The centre of a region is its voxel nearest to its centre of mass: that of a tumour with
    several foci can lie in none of them.
    """
    case = segmentation.case
    to_working = np.linalg.inv(case.grid.affine) @ case.native.affine
    for key in reversed(REGION_KEYS):
        mask = segmentation.regions[REGION_KEYS.index(key)]
        if mask.any():
            centre = to_working[:3, :3] @ _centre_voxel(mask) + to_working[:3, 3]
            return _target(key, centre, case.grid)
    centre = np.array(_centre_voxel(case.brain)) if case.brain.any() else np.array(case.grid.shape) / 2
    return _target(None, centre, case.grid)


def brain_box(brain: np.ndarray, grid: Grid) -> tuple[slice, slice, slice]:
    """The box around the brain with a small margin; the whole grid if there is no brain."""
    box = bounding_box(brain) or tuple(slice(0, size) for size in grid.shape)
    margins = [int(np.ceil(MARGIN_MM / step)) for step in grid.spacing]
    parts = [
        slice(max(part.start - margin, 0), min(part.stop + margin, size))
        for part, margin, size in zip(box, margins, grid.shape, strict=True)
    ]
    return (parts[0], parts[1], parts[2])


def cut(volume: np.ndarray, plane: Plane, target: Target, box: tuple[slice, slice, slice]) -> np.ndarray:
    """The slice of ``volume[D, H, W]`` through the target inside the box, its first row on top."""
    picture = volume[plane_index(plane, target, box)]
    return picture[::-1] if plane.flip else picture


def sample(
    masks: np.ndarray,
    affine: np.ndarray,
    plane: Plane,
    target: Target,
    box: tuple[slice, slice, slice],
    grid: Grid,
) -> np.ndarray:
    """What ``masks[n, i, j, k]`` on another grid hold at the places of a slice: ``[n, rows, columns]``.

    Each place takes the nearest voxel; 0 where there is none within the other grid.
    """
    ranges = [np.arange(part.start, part.stop) for part in box]
    ranges[plane.axis] = np.array([target.index[plane.axis]])
    places = np.stack(np.meshgrid(*ranges, indexing="ij")).squeeze(plane.axis + 1)
    matrix = np.linalg.inv(affine) @ grid.affine
    nearest = np.rint(np.tensordot(matrix[:3, :3], places, axes=1) + matrix[:3, 3, None, None]).astype(int)
    sizes = np.array(masks.shape[1:])[:, None, None]
    inside = ((nearest >= 0) & (nearest < sizes)).all(axis=0)
    found = masks[(slice(None), *np.clip(nearest, 0, sizes - 1))] * inside
    return found[:, ::-1] if plane.flip else found


def plane_index(
    plane: Plane, target: Target, box: tuple[slice, slice, slice]
) -> tuple[slice | int, slice | int, slice | int]:
    """The index of a plane's slice through the target inside the box."""
    parts: list[slice | int] = list(box)
    parts[plane.axis] = target.index[plane.axis]
    return (parts[0], parts[1], parts[2])


def extent_mm(plane: Plane, box: tuple[slice, slice, slice], grid: Grid) -> tuple[float, float]:
    """Width and height of a view in mm."""
    height, width = (
        (part.stop - part.start) * step
        for axis, (part, step) in enumerate(zip(box, grid.spacing, strict=True))
        if axis != plane.axis
    )
    return width, height


def _centre_voxel(mask: np.ndarray) -> np.ndarray:
    voxels = true_places(mask)
    return voxels[np.argmin(((voxels - voxels.mean(axis=0)) ** 2).sum(axis=1))]


def _target(region: str | None, centre: np.ndarray, grid: Grid) -> Target:
    index = np.clip(np.rint(centre), 0, np.array(grid.shape) - 1).astype(int)
    world = grid.affine[:3, :3] @ index + grid.affine[:3, 3]
    return Target(
        region,
        (int(index[0]), int(index[1]), int(index[2])),
        (float(world[0]), float(world[1]), float(world[2])),
    )
