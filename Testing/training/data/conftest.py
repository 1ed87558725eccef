"""Generated patients, renamed into the layouts that people have."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from humor_training.data.labelled_case import LabelledCase
from humor_training.data.loading import load_labelled


@pytest.fixture
def made_up_case() -> LabelledCase:
    """An odd-sized smooth noisy image with a brain of its own for T2, without T1."""
    rng = np.random.default_rng(3)
    grid = np.indices((21, 34, 18))
    brain = ((grid - np.array([10, 17, 9])[:, None, None, None]) ** 2).sum(axis=0) < 80
    image = np.sin(grid[0] / 4) + np.cos(grid[1] / 5) + 0.2 * rng.standard_normal((4, *brain.shape))
    image[0] = 0
    image[:, ~brain] = 0
    image[2, :9] = 0
    labels = np.where(brain & (grid[2] > 9), 2, 0).astype(np.uint8)
    labels[10, 17, 9] = 4
    return LabelledCase("a case", image.astype(np.float16), np.array([False, True, True, True]), labels, "p")


@pytest.fixture(scope="session")
def plain_cases(studies: Path) -> list[LabelledCase]:
    """The generated patients as they are loaded from the plain layout, unpacked."""
    return [load_labelled(studies / f"patient{index}") for index in range(3)]


def case_with(name: str, volume: int, enhancing: bool, patient: str = "") -> LabelledCase:
    """A case of which only the tumour's volume in voxels and kind matter."""
    labels = np.zeros((1, 1, 200), np.uint8)
    labels[..., :volume] = 2
    if enhancing:
        labels[..., 0] = 4
    return LabelledCase(name, np.zeros((4, 1, 1, 200), np.float16), np.ones(4, bool), labels, patient)


def link(source: Path, target: Path) -> None:
    """The file under another name, without a copy."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.hardlink_to(source)
