"""Slicer's scene for the tests in this folder; see ``emulation``."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from emulation.mrml import start
from emulation.studies import REPOSITORY, SAMPLE

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
start()


@pytest.fixture
def scene() -> Iterator[Any]:
    """The application's scene, empty before and after the test."""
    import slicer

    _clear(slicer.mrmlScene)
    yield slicer.mrmlScene
    _clear(slicer.mrmlScene)


@pytest.fixture
def window(scene: Any) -> Iterator[Any]:
    """Slicer's window, emulated; fails for exceptions in slots and observers."""
    from emulation.window import Window

    window = Window()
    yield window
    window.close()
    window.assert_no_errors()


@pytest.fixture(scope="session")
def sample_output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The engine's output for the sample study, made once by the real command."""
    output = tmp_path_factory.mktemp("sample") / "output"
    command = [sys.executable, "-m", "humor", "segment", str(SAMPLE), "--output", str(output)]
    options = ["--probabilities", "--no-report", "--device", "cpu", "--json"]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "HUMoRSegment")}
    done = subprocess.run([*command, *options], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return output


def _clear(scene: Any) -> None:
    """Close the scene, forget parameters, and let go of volumes that only a cycle in Python holds."""
    scene.Clear()
    while (node := scene.GetFirstNodeByClass("vtkMRMLScriptedModuleNode")) is not None:
        scene.RemoveNode(node)
    gc.collect()
