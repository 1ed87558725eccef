"""One check of an image's geometry, from its header alone, before anything is allocated."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..errors import InputError
from ..memory.available import GB, main_memory
from .grid import Grid

SMALLEST_AXIS = 8  # voxels; less is a localiser or a slice, not a head
SPACING_MM = (0.05, 20.0)
EXTENT_MM = (20.0, 600.0)  # a mouse's brain to a head with its shoulders
# Peak bytes per voxel of a working grid while a case is built: float32 values of every sequence, and masks.
BYTES_PER_CASE_VOXEL = 40
SHARE_OF_MEMORY = 0.8


def check_geometry(path: Path, grid: Grid, bytes_per_voxel: int = 1) -> None:
    """Whether a head can lie on this grid, and whether its voxels fit in memory.

    Args:
        path: the file, for the message.
        grid: where its header puts the voxels.
        bytes_per_voxel: of its number type.

    Raises:
        InputError: the affine is none, an axis is too short or too long, voxels are smaller than
            0.05 mm or larger than 20 mm, or there are more of them than memory has room for.
    """
    if not np.isfinite(grid.affine).all():
        raise InputError(f"{path}: its affine has values that are not numbers. Export it again.")
    spacing = np.array(grid.spacing)
    if spacing.min() <= 1e-6 or abs(np.linalg.det(grid.affine[:3, :3])) < 1e-6 * spacing.prod():
        raise InputError(
            f"{path}: its affine is singular (voxel sizes {spacing.round(4).tolist()} mm), so no "
            "place in the patient belongs to its voxels. Export it again with valid geometry."
        )
    if min(grid.shape) < SMALLEST_AXIS:
        raise InputError(
            f"{path}: an image of {grid.shape} voxels is too thin to segment "
            f"(at least {SMALLEST_AXIS} along every axis). Give the whole 3-D sequence."
        )
    _check_range(path, "voxel sizes", spacing, SPACING_MM)
    _check_range(path, "extents", spacing * np.array(grid.shape), EXTENT_MM)
    needed = int(np.prod(grid.shape, dtype=np.float64)) * bytes_per_voxel
    _check_memory(f"{path} has {_times(grid.shape)} voxels and", needed)


def check_working_grid(path: Path, grid: Grid) -> None:
    """Whether a case on this grid fits in memory.

    Args:
        path: the file of the sequence whose grid results are wanted on, for the message.
        grid: the case's, not yet allocated.

    Raises:
        InputError: it does not fit.
    """
    needed = int(np.prod(grid.shape, dtype=np.float64)) * BYTES_PER_CASE_VOXEL
    _check_memory(
        f"{path} and its study's other images need a working grid of {_times(grid.shape)}, which", needed
    )


def check_file_size(path: Path, size: int) -> None:
    """Whether a file's bytes fit in memory, before any are read.

    Raises:
        InputError: they do not.
    """
    _check_memory(f"{path} has {size / 1e9:.1f} GB and", size)


def _check_range(path: Path, what: str, values: np.ndarray, limits: tuple[float, float]) -> None:
    low, high = limits
    if values.min() < low * (1 - 1e-3) or values.max() > high * (1 + 1e-3):
        raise InputError(
            f"{path}: its header gives {what} of {_times(f'{value:.4g}' for value in values)} mm; those of a "
            f"head lie between {low:g} and {high:g} mm. Check the file's units and voxel sizes, and export "
            "it again."
        )


def _check_memory(sentence: str, needed: int) -> None:
    memory = main_memory()
    if needed > SHARE_OF_MEMORY * memory.free:
        raise InputError(
            f"{sentence} would take {needed / GB:.1f} GB of memory; {memory} are free. "
            "Crop or resample the image, or use a machine with more memory."
        )


def _times(values: object) -> str:
    return " × ".join(str(value) for value in values)  # type: ignore[attr-defined]
