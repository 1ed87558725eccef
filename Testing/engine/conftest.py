"""A synthetic result: a head of ellipsoids on an oblique, anisotropic native grid."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from humor.inference.segmentation import Segmentation
from humor.routing import GateMap, Routing
from humor.sequences import SEQUENCES, availability
from humor.study.case import Case
from humor.study.grid import Grid

HEAD_CENTRE = np.array([5.0, -10.0, 20.0])
"""World RAS, mm."""
TUMOUR_CENTRE = HEAD_CENTRE + np.array([-10.0, 8.0, 9.0])
"""On the patient's left, anterior, superior of the head's centre."""
RADII = (11.0, 8.0, 5.0)
"""mm: WT, TC, ET."""


def _rotation(degrees: float) -> np.ndarray:
    angle = np.radians(degrees)
    about_z = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    about_x = np.array([[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]])
    return about_z @ about_x


def _grid(directions: np.ndarray, spacing: tuple[float, ...], shape: tuple[int, int, int]) -> Grid:
    """A grid whose middle is the head's centre; column n of ``directions`` is array axis n."""
    affine = np.eye(4)
    affine[:3, :3] = directions * np.array(spacing)
    affine[:3, 3] = HEAD_CENTRE - affine[:3, :3] @ ((np.array(shape) - 1) / 2)
    return Grid(shape, affine)


def _world_of(grid: Grid) -> np.ndarray:
    """World coordinates of every voxel: ``[3, i, j, k]``."""
    index = np.indices(grid.shape)
    return np.tensordot(grid.affine[:3, :3], index, axes=1) + grid.affine[:3, 3, None, None, None]


def _distance(grid: Grid, centre: np.ndarray) -> np.ndarray:
    return np.linalg.norm(_world_of(grid) - centre[:, None, None, None], axis=0)


def _routing(grid: Grid, gates: tuple[str, ...], source: str) -> Routing:
    """Patch gates: expert "a" is sure at the tumour (0.9), the three are even elsewhere."""
    patch = 8
    shape = tuple(size // patch for size in grid.shape)
    affine = grid.affine @ np.diag([patch, patch, patch, 1.0])
    affine[:3, 3] = (grid.affine @ np.array([(patch - 1) / 2] * 3 + [1.0]))[:3]
    at_tumour = _distance(Grid((shape[0], shape[1], shape[2]), affine), TUMOUR_CENTRE) < 13
    weights = np.stack([np.where(at_tumour, high, 1 / 3) for high in (0.9, 0.06, 0.04)])
    return Routing(
        [GateMap(name, ("a", "b", "c"), weights.astype(np.float32), affine) for name in gates], source
    )


@pytest.fixture
def world_of() -> Callable[[Grid], np.ndarray]:
    """World coordinates of every voxel of a grid."""
    return _world_of


@pytest.fixture
def tumour_centre() -> np.ndarray:
    """Where the tumour of ``make_segmentation`` lies, world RAS, mm."""
    return TUMOUR_CENTRE


@pytest.fixture
def make_segmentation() -> Callable[..., Segmentation]:
    """Makes a ``Segmentation``; every argument is optional."""

    def make(
        sequences: tuple[str, ...] = SEQUENCES,
        radii: tuple[float, float, float] = RADII,
        gates: tuple[str, ...] = ("group1/block1", "group1/block2", "group2/block1"),
        source: str = "learned",
        model: dict[str, str] | None = None,
        spacing: tuple[float, float, float] = (1.3, 1.7, 4.0),
        degrees: float = 14.0,
        **more: Any,
    ) -> Segmentation:
        rotation = _rotation(degrees)
        superior, posterior, left = rotation[:, 2], -rotation[:, 1], -rotation[:, 0]
        working = _grid(np.stack([superior, posterior, left], 1), (1.0, 1.0, 1.0), (56, 64, 48))
        native = _grid(np.stack([left, superior, posterior], 1), spacing, (46, 42, 18))
        brain = _distance(working, HEAD_CENTRE) < 24
        tumour = np.stack([_distance(working, TUMOUR_CENTRE) < radius for radius in radii])
        image = np.zeros((4, *working.shape), np.float32)
        texture = np.random.default_rng(3).normal(0, 0.3, working.shape)
        for index, given in enumerate(availability(sequences)):
            if given:
                image[index] = np.where(brain, texture + index * tumour.sum(0), 0)
        regions = np.stack([_distance(native, TUMOUR_CENTRE) < radius for radius in radii])
        return Segmentation(
            case=Case(image, availability(sequences), brain, working, native, sequences[0]),
            probabilities=tumour.astype(np.float32) * 0.9,
            regions=regions,
            routing=_routing(working, gates, source),
            model=model
            or {"name": "test-student", "architecture": "student", "version": "3", "sha256": "ab" * 32},
            device="cpu (OpenVINO, bf16)",
            seconds={"load": 0.4, "segment": 0.7},
            **more,
        )

    return make


@pytest.fixture
def segmentation(make_segmentation: Callable[..., Segmentation]) -> Segmentation:
    """The usual one."""
    return make_segmentation()
