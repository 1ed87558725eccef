"""The module's panel for the tests in this folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def panel(window: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The panel over an empty scene, with temporary files in a folder of the test's own."""
    import slicer
    from panel.panel_driver import PanelDriver

    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(slicer.app, "temporaryPath", str(folder))
    return PanelDriver(window, tmp_path / "screenshots")
