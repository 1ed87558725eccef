"""Ways in which one sequence of a study comes to lie elsewhere than the others, for the check's benchmark."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from humor.study.brain import find_foreground
from humor.study.grid import Grid
from humor.study.volume import Volume

SHIFT_MM = 8.0
TURN_DEGREES = 10.0
THICK_MM = 5.0

Change = Callable[[Volume, Volume, np.random.Generator], Volume]
"""Makes a changed volume of a volume, another patient's volume of the same sequence, and a generator."""


def shifted(volume: Volume, other: Volume, rng: np.random.Generator) -> Volume:
    """8 mm away, in any direction: only the affine changes."""
    move = np.eye(4)
    move[:3, 3] = SHIFT_MM * _direction(rng)
    return _placed(volume, move)


def turned(volume: Volume, other: Volume, rng: np.random.Generator) -> Volume:
    """Turned by 10 degrees about any axis through the brain's centre (Rodrigues' formula)."""
    x, y, z = _direction(rng)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    angle = np.radians(TURN_DEGREES)
    rotation = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    return _placed(volume, _about(_centre(volume), rotation))


def mirrored(volume: Volume, other: Volume, rng: np.random.Generator) -> Volume:
    """Left and right exchanged about the middle of the image."""
    middle = (np.array(volume.grid.shape) - 1) / 2
    return _placed(volume, _about((volume.grid.affine @ [*middle, 1])[:3], np.diag([-1.0, 1, 1])))


def foreign(volume: Volume, other: Volume, rng: np.random.Generator) -> Volume:
    """Another patient's sequence."""
    return other


def thick(volume: Volume, other: Volume, rng: np.random.Generator) -> Volume:
    """In its right place, but of slices 5 mm thick along any axis, as 2-D scans have them."""
    axis = rng.integers(3)
    length = volume.grid.spacing[axis]
    slices = round(THICK_MM / length)
    count = volume.grid.shape[axis] // slices
    stack = np.moveaxis(volume.data, axis, 0)[: count * slices]
    means = stack.reshape(count, slices, *stack.shape[1:]).astype(np.float32).mean(1)
    means[(stack.reshape(count, slices, *stack.shape[1:]) == volume.data.flat[0]).all(1)] = volume.data.flat[
        0
    ]
    affine = volume.grid.affine.copy()
    affine[:3, 3] += affine[:3, axis] * (slices - 1) / 2
    affine[:3, axis] *= slices
    shape = list(volume.grid.shape)
    shape[axis] = count
    return replace(
        volume, data=np.moveaxis(means, 0, axis), grid=Grid((shape[0], shape[1], shape[2]), affine)
    )


MISPLACED: dict[str, Change] = {"shift": shifted, "turn": turned, "foreign": foreign, "mirrored": mirrored}
IN_PLACE: dict[str, Change] = {"untouched": lambda volume, other, rng: volume, "thick": thick}


def _direction(rng: np.random.Generator) -> np.ndarray:
    direction = rng.normal(size=3)
    return direction / np.linalg.norm(direction)


def _centre(volume: Volume) -> np.ndarray:
    index = np.argwhere(find_foreground(volume).mask[::4, ::4, ::4]).mean(0) * 4
    return (volume.grid.affine @ [*index, 1])[:3]


def _about(centre: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    move = np.eye(4)
    move[:3, :3] = matrix
    move[:3, 3] = centre - matrix @ centre
    return move


def _placed(volume: Volume, move: np.ndarray) -> Volume:
    return replace(volume, grid=Grid(volume.grid.shape, move @ volume.grid.affine))
