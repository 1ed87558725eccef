"""Volumes for tests: the generated sample study, and real cases where they are there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]
SAMPLE = REPOSITORY / "HUMoRSegment" / "Resources" / "Sample"


def load_sample(scene: Any) -> dict[str, Any]:
    """The sample study's volumes by sequence, loaded into the application's scene."""
    return load_case(scene, SAMPLE)


def load_case(scene: Any, folder: Path) -> dict[str, Any]:
    """A study's volumes by sequence; the test is skipped where the folder is not there.

    Args:
        scene: the application's scene.
        folder: holds one image for each sequence, told by their names.
    """
    import slicer

    from humor.study.roles import guess_roles

    assert scene is slicer.mrmlScene
    if not folder.is_dir():
        pytest.skip(f"{folder} is not here")
    files = guess_roles(folder).files
    return {name: slicer.util.loadVolume(str(path), {"singleFile": True}) for name, path in files.items()}
