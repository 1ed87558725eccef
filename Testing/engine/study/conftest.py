"""A small made-up head on any grid, and files of it in every format."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import DTypeLike

from humor.study.grid import Grid

CENTRE = np.array([4.0, -7.0, 11.0])  # mm, RAS
BLOB = CENTRE + np.array([11.0, 8.0, -9.0])
BLOB_RADIUS = 6.0

Triple = tuple[float, float, float]


def rotation(degrees: float, axis: int) -> np.ndarray:
    a, b = [n for n in range(3) if n != axis]
    angle = np.radians(degrees)
    matrix = np.eye(3)
    matrix[a, a] = matrix[b, b] = np.cos(angle)
    matrix[a, b], matrix[b, a] = -np.sin(angle), np.sin(angle)
    return matrix


def make_grid(
    codes: str = "LPS",
    spacing: Triple = (1.0, 1.0, 1.0),
    turns: Triple = (0.0, 0.0, 0.0),
    extent: Triple = (76.0, 92.0, 84.0),
) -> Grid:
    """A grid around the head whose axes point to ``codes`` (first letter = first array axis)."""
    letters = {"R": (0, 1), "L": (0, -1), "A": (1, 1), "P": (1, -1), "S": (2, 1), "I": (2, -1)}
    turned = rotation(turns[0], 0) @ rotation(turns[1], 1) @ rotation(turns[2], 2)
    matrix, shape = np.zeros((3, 3)), []
    for axis, letter in enumerate(codes):
        world, sign = letters[letter]
        matrix[:, axis] = turned[:, world] * sign * spacing[axis]
        shape.append(round(extent[world] / spacing[axis]))
    affine = np.eye(4)
    affine[:3, :3] = matrix
    affine[:3, 3] = CENTRE - matrix @ ((np.array(shape) - 1) / 2)
    return Grid((shape[0], shape[1], shape[2]), affine)


def world_of(grid: Grid) -> np.ndarray:
    """World positions of all voxels, ``[*shape, 3]``."""
    index = np.stack(np.meshgrid(*[np.arange(n) for n in grid.shape], indexing="ij"), -1)
    return index @ grid.affine[:3, :3].T + grid.affine[:3, 3]


def paint_head(grid: Grid, seed: int = 0, tissue: float = 400.0, blob: float = 900.0) -> np.ndarray:
    """A skull-stripped brain (an ellipsoid with smooth texture), a bright blob in it, 0 outside."""
    place = world_of(grid)
    inside = (((place - CENTRE) / np.array([30.0, 38.0, 33.0])) ** 2).sum(-1) <= 1
    waves = np.random.default_rng(seed).uniform(0.08, 0.22, 3)
    values = tissue + 120 * np.sin(place @ waves) + 60 * np.cos(place[..., 0] * 0.3)
    values[((place - BLOB) ** 2).sum(-1) <= BLOB_RADIUS**2] = blob
    return np.where(inside, values, 0.0)


def write_nifti(path: Path, values: np.ndarray, grid: Grid, dtype: DTypeLike = np.int16) -> Path:
    import nibabel

    image = nibabel.Nifti1Image(values.astype(dtype), grid.affine)
    image.header.set_data_dtype(dtype)
    nibabel.save(image, path)
    return path


def write_itk(path: Path, values: np.ndarray, grid: Grid, dtype: DTypeLike = np.int16) -> Path:
    import SimpleITK as sitk

    image = sitk.GetImageFromArray(values.astype(dtype).transpose(2, 1, 0))
    affine = np.diag([-1.0, -1.0, 1.0, 1.0]) @ grid.affine
    image.SetSpacing(list(grid.spacing))
    image.SetDirection((affine[:3, :3] / np.array(grid.spacing)).ravel().tolist())
    image.SetOrigin(affine[:3, 3].tolist())
    sitk.WriteImage(image, str(path), useCompression=True)
    return path


class Phantom:
    """What tests need of the made-up head, in one fixture."""

    centre, blob = CENTRE, BLOB
    grid = staticmethod(make_grid)
    paint = staticmethod(paint_head)
    world_of = staticmethod(world_of)
    nifti = staticmethod(write_nifti)
    itk = staticmethod(write_itk)

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, name: str, grid: Grid, seed: int = 0, **more: DTypeLike) -> Path:
        """Write the head on a grid to ``name`` in the test's folder; the ending says the format."""
        save: Callable[..., Path] = write_nifti if ".nii" in name else write_itk
        return save(self.folder / name, paint_head(grid, seed), grid, **more)


@pytest.fixture
def phantom(tmp_path: Path) -> Phantom:
    return Phantom(tmp_path)
