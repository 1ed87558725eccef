"""Small bundles with random weights, written and loaded as real ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from humor.bundle.bundle import Bundle
from humor.bundle.manifest import Manifest
from humor.networks.build import build
from humor.study.case import Case
from humor.study.grid import Grid
from humor_training.export import export_bundle

NUMBERS: dict[str, Any] = {"dim": 48, "mlp": 96, "depth": 4, "feature_size": 4, "heads": 3}


def _bundle(folder: Path, kind: str, architecture: dict[str, Any]) -> Bundle:
    torch.manual_seed(0)
    network = build(architecture)
    for name, parameter in network.named_parameters():
        if "gate" in name:
            torch.nn.init.normal_(parameter, std=0.5)
    manifest = Manifest(
        name=folder.name, title="random", kind=kind, architecture=architecture, window=(64, 64, 64)
    )
    return export_bundle(network, manifest, folder, with_graph=kind == "student")


@pytest.fixture(scope="session")
def student(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A small pyramid student with an OpenVINO graph."""
    folder = tmp_path_factory.mktemp("bundles") / "small-student"
    return _bundle(folder, "student", {"name": "humor_student_pyramid", **NUMBERS})


@pytest.fixture(scope="session")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A small teacher; no graph."""
    folder = tmp_path_factory.mktemp("bundles") / "small-teacher"
    return _bundle(folder, "teacher", {"name": "humor_teacher", **NUMBERS})


@pytest.fixture
def case() -> Case:
    """A ball of noise of 80 × 96 × 64 voxels; T1c is missing."""
    shape = (80, 96, 64)
    rng = np.random.default_rng(0)
    places = np.stack(np.meshgrid(*[np.linspace(-1, 1, n) for n in shape], indexing="ij"))
    brain = (places**2).sum(0) < 1
    available = (True, False, True, True)
    image = rng.normal(size=(4, *shape)).astype(np.float32) * brain
    image *= np.array(available, np.float32)[:, None, None, None]
    affine = np.array([[0, 0, -1, 90], [0, -1, 0, 120], [1, 0, 0, -60], [0, 0, 0, 1]], float)
    grid = Grid(shape, affine)
    native = grid.crop((-5, -3, -8), (100, 110, 80))
    return Case(image, available, brain, grid, native, "t1")
