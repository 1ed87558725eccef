"""Small bundles on disk, and a user's folder that is not the real one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from humor.bundle import store
from humor.bundle.bundle import Bundle
from humor.bundle.manifest import Manifest
from humor.bundle.save import save_bundle

Weights = dict[str, np.ndarray]


@pytest.fixture
def manifest() -> Manifest:
    return Manifest(
        name="small",
        title="A small model",
        kind="student",
        architecture={"name": "humor_student_pyramid", "dim": 240},
        thresholds={"WT": 0.5, "TC": 0.45, "ET": 0.4},
        min_component_ml=0.05,
        citations=("Menze et al. 2015, TMI",),
        training={"data": ["39 patients"], "seed": 1},
        validation={
            "validation": {
                "t1": {"WT": 0.5, "TC": 0.25, "ET": None},
                "t1+t1c+t2+flair": {"WT": 0.9, "TC": 0.75, "ET": 0.625},
            }
        },
        created="2025-11-21",
    )


@pytest.fixture
def weights() -> Weights:
    random = np.random.default_rng(0)
    return {
        "blocks.0.weight": random.standard_normal((8, 6)).astype(np.float32),
        "blocks.0.bias": random.standard_normal(8).astype(np.float64),
        "steps": np.array([3, 4], np.int64),
    }


@pytest.fixture
def bundle(tmp_path: Path, manifest: Manifest, weights: Weights) -> Bundle:
    return save_bundle(tmp_path / "made" / "small", manifest, weights, {"notes.txt": b"more"})


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folder, empty; nothing is shipped."""
    folder = tmp_path / "user"
    monkeypatch.setenv("HUMOR_MODELS", str(folder))
    monkeypatch.setattr(store, "shipped_folders", lambda: [])
    return folder
