"""A sequence of a case on voxels of a few millimetres, to be looked at quickly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

from .grid import Grid
from .registration import Picture, picture


@dataclass(frozen=True)
class Coarse:
    """One sequence.

    Attributes:
        image: float32 ``[D, H, W]``, 0 outside the mask.
        mask: bool ``[D, H, W]``, the sequence's own foreground.
        grid: of both; its last axis points to the patient's left.
    """

    image: np.ndarray
    mask: np.ndarray
    grid: Grid

    def at(self, spacing: float) -> Picture:
        """The image on voxels of about ``spacing`` mm, ready for registration."""
        coarser = coarsen(self.image, self.mask, self.grid, spacing)
        return picture(coarser.image, coarser.grid)

    def moved(self, move: np.ndarray) -> Coarse:
        """The same, elsewhere: ``move`` (4×4) leads from a place in the world to where its values are."""
        from scipy import ndimage

        index = np.linalg.solve(self.grid.affine, move @ self.grid.affine)
        image, mask = (
            ndimage.affine_transform(values, index[:3, :3], index[:3, 3], order=1)
            for values in (self.image, self.mask.astype(np.float32))
        )
        return Coarse(image, mask >= 0.5, self.grid)

    def mirrored(self) -> Coarse:
        """Left and right exchanged, about the middle of the grid."""
        return Coarse(self.image[:, :, ::-1], self.mask[:, :, ::-1], self.grid)


def coarsen(image: np.ndarray, mask: np.ndarray, grid: Grid, spacing: float) -> Coarse:
    """Mean values of blocks of voxels that are about ``spacing`` mm large; what is left over is cut off.

    Args:
        image: float32 ``[D, H, W]``.
        mask: bool ``[D, H, W]``; a block is in it if its first voxel is.
        grid: of both.
        spacing: mm.
    """
    steps = [max(1, round(spacing / length)) for length in grid.spacing]
    lengths = [length // step for length, step in zip(image.shape, steps, strict=True)]
    total = np.zeros(lengths, np.float32)
    for part in _parts(image, steps, lengths):  # faster than a mean over three axes of six
        total += part
    chosen = next(_parts(mask, steps, lengths))
    affine = grid.affine @ np.diag([*steps, 1.0])
    affine[:3, 3] += grid.affine[:3, :3] @ ((np.array(steps) - 1) / 2)
    shape = (int(lengths[0]), int(lengths[1]), int(lengths[2]))
    return Coarse(total * chosen / np.float32(np.prod(steps)), chosen, Grid(shape, affine))


def _parts(array: np.ndarray, steps: list[int], lengths: list[int]) -> Iterator[np.ndarray]:
    """For each place in a block, the voxels that lie there in all blocks."""
    for starts in product(*map(range, steps)):
        yield array[
            tuple(
                slice(start, start + step * length, step)
                for start, step, length in zip(starts, steps, lengths, strict=True)
            )
        ]
