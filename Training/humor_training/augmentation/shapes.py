"""Shapes and places of real tumours: expert label maps of patients whose images are not there.

The file holds ``seg`` uint8 ``[n, x, y, z]`` (1 NCR, 2 ED, 3 ET) and ``crop_lo``: the atlas's grid of
240 × 240 × 155 voxels of 1 mm, axes Left, Posterior, Superior, resized to 128³ and cropped there. Patients of
BraTS whose images are known confirm axes, directions and voxels' centres (Dice 0.99 at that resolution).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from humor.errors import InputError
from humor.regions import ED, ET, NCR

from ..data.labelled_case import LabelledCase
from .config import AugmentationConfig
from .transplantation import bounding_box

KINDS = (NCR, ED, ET)
"""BraTS labels in the order of the file's 1, 2, 3."""
GRID = (155, 240, 240)
"""The atlas in mm, axes Superior, Posterior, Left, as a training case's."""
RESIZED = 128
BRAIN_CENTRE = (72.0, 130.0, 119.0)
"""Middle of the box that a case of this atlas is cropped to, in its voxels (mean of 49 patients, ± 4)."""
SMALLEST = 0.5
"""ml; smaller lesions are a few voxels of the file."""
SAME = 0.75
"""Dice from which two lesions are taken for one patient's: the same maps reach 0.95, redrawn ones 0.8."""
NEAR = 20.0
"""mm between the middles of one patient's lesion here and there, at most."""

_SPACING = np.array(GRID) / RESIZED


@dataclass(frozen=True)
class Shape:
    """One patient's lesion, cropped to it.

    Attributes:
        name: of the patient.
        coarse: uint8 BraTS labels ``[d, h, w]`` in the file's voxels, axes Superior, Posterior, Left, one
            empty voxel around the lesion.
        start: float ``[3]``, the low corner of its first voxel in mm from the atlas's ``BRAIN_CENTRE``.
    """

    name: str
    coarse: np.ndarray
    start: np.ndarray

    def laid(self, scale: float = 1.0, mirror: bool = False) -> tuple[Tensor, np.ndarray]:
        """Shares of healthy tissue and of each of ``KINDS`` in voxels of 1 mm, and where they lie.

        Args:
            scale: of size, about the lesion's middle.
            mirror: left and right exchanged, place included.

        Returns:
            float32 ``[4, D, H, W]``, which sum to 1; float ``[3]``, the low corner of the first voxel in mm
            from the brain's centre. One-hot maps are interpolated linearly, so that borders are smooth.
        """
        coarse, start = self.coarse, self.start.copy()
        extent = np.array(coarse.shape) * _SPACING
        if mirror:
            coarse = np.ascontiguousarray(coarse[:, :, ::-1])
            start[2] = -(start[2] + extent[2])
        start += extent * (1 - scale) / 2
        # A whole number of voxels on the 1 mm grid of the atlas, whose first voxel's corner is whole too.
        corner = np.floor(start)
        size = np.ceil(start + extent * scale).astype(int) - corner.astype(int)
        shares = torch.stack([torch.from_numpy(coarse == kind).float() for kind in (0, *KINDS)])
        for axis in range(3):
            places = (corner[axis] - start[axis] + np.arange(size[axis]) + 0.5) / (_SPACING[axis] * scale)
            weights = _linear(places - 0.5, coarse.shape[axis])
            shares = torch.movedim(torch.tensordot(shares, weights, dims=([axis + 1], [1])), -1, axis + 1)
        return shares, corner

    def labels(self) -> tuple[np.ndarray, np.ndarray]:
        """uint8 BraTS labels ``[D, H, W]`` in voxels of 1 mm, and where they lie as in ``laid``."""
        shares, corner = self.laid()
        return labels_of(shares).numpy(), corner

    def volume(self) -> float:
        """In ml."""
        return float(np.count_nonzero(self.coarse) * _SPACING.prod() / 1000)


def labels_of(shares: Tensor) -> Tensor:
    """uint8 BraTS labels ``[...]`` of shares ``[4, ...]``: the largest, where healthy has less than half."""
    # Not argmax, which is slow along the first axis.
    labels = torch.zeros(shares.shape[1:], dtype=torch.uint8, device=shares.device)
    rest = torch.maximum(torch.maximum(shares[1], shares[2]), shares[3])
    for kind, share in zip(KINDS, shares[1:], strict=True):
        labels[(share == rest) & (shares[0] < 0.5)] = kind
    return labels


@lru_cache(maxsize=1)
def load_shapes(path: str) -> tuple[Shape, ...]:
    """All lesions of at least ``SMALLEST`` ml of the file; read once in a process.

    Raises:
        InputError: the file cannot be read, or is another kind of file.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            maps, low, names = file["seg"], file["crop_lo"], file["ids"]
        if maps.ndim != 4 or maps.max() > len(KINDS) or low.shape != (3,) or len(names) != len(maps):
            raise ValueError(f"seg {maps.shape} with labels up to {maps.max()}, crop_lo {low.shape}")
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            f"{path} does not hold label maps ({error}). Give augmentation: shapes: FILE.npz with seg, "
            "crop_lo and ids, or set painted: 0."
        ) from error
    kinds = np.array((0, *KINDS), np.uint8)
    shapes = (_cropped(str(name), kinds[each.T], low[::-1]) for name, each in zip(names, maps, strict=True))
    return tuple(shape for shape in shapes if shape is not None and shape.volume() >= SMALLEST)


def allowed_shapes(path: str | Path, held: Sequence[LabelledCase]) -> tuple[Shape, ...]:
    """The file's shapes without those of the patients that are held out, recognised by their lesions.

    Raises:
        InputError: the file cannot be used.
    """
    shapes = load_shapes(str(path))
    barred: set[str] = set()
    for case in held:
        barred.update(shape.name for shape in alike(shapes, case.labels))
    return tuple(shape for shape in shapes if shape.name not in barred)


def wanted_shapes(config: AugmentationConfig, held: Sequence[LabelledCase]) -> tuple[Shape, ...]:
    """What a training with these numbers paints; nothing is read where it paints nothing."""
    return allowed_shapes(config.shapes, held) if config.painted > 0 else ()


def alike(shapes: Sequence[Shape], labels: np.ndarray) -> list[Shape]:
    """Those that look like a case's lesion ``[D, H, W]`` and lie where it lies."""
    lesion = labels > 0
    if not lesion.any():
        return []
    low, size = _box(lesion)
    cropped = lesion[tuple(slice(a, a + n) for a, n in zip(low, size, strict=True))]
    middle, volume = low + size / 2 - np.array(labels.shape) / 2, np.count_nonzero(lesion) / 1000
    found = []
    for shape in shapes:
        extent = np.array(shape.coarse.shape) * _SPACING
        if abs(np.log(shape.volume() / volume)) > 0.5 or (
            np.linalg.norm(shape.start + extent / 2 - middle) > NEAR
        ):
            continue
        if _dice_in_place(shape.labels()[0] > 0, cropped) >= SAME:
            found.append(shape)
    return found


def _dice_in_place(first: np.ndarray, second: np.ndarray) -> float:
    """Of two masks laid over each other by their centres of mass."""
    size = np.array(first.shape) + np.array(second.shape)
    laid = []
    for mask in (first, second):
        canvas = np.zeros(size, bool)
        places = np.argwhere(mask)
        moved = places + np.rint(size / 2 - places.mean(axis=0)).astype(int)
        canvas[tuple(np.clip(moved, 0, size - 1).T)] = True
        laid.append(canvas)
    return float(2 * np.count_nonzero(laid[0] & laid[1]) / (laid[0].sum() + laid[1].sum()))


def _cropped(name: str, labels: np.ndarray, low: np.ndarray) -> Shape | None:
    if not labels.any():
        return None
    start, size = _box(labels > 0)
    inside = labels[tuple(slice(a, a + n) for a, n in zip(start, size, strict=True))]
    corner = (start - 1 + low) * _SPACING - np.array(BRAIN_CENTRE)
    return Shape(name, np.pad(inside, 1), corner)


def _box(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First voxel and size of what is true; something is."""
    box = bounding_box(torch.from_numpy(mask))
    assert box is not None
    low = np.array([part.start for part in box])
    return low, np.array([part.stop for part in box]) - low


def _linear(places: np.ndarray, length: int) -> Tensor:
    """Weights ``[n, length]`` of linear interpolation at places in voxels; the end's value beyond it."""
    inside = np.clip(places, 0, length - 1)
    return torch.from_numpy(
        np.maximum(1 - np.abs(inside[:, None] - np.arange(length)[None]), 0).astype(np.float32)
    )
