"""One made-up run for all tests of its page."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.monitoring.made_up import write_made_up_run


@pytest.fixture(scope="session")
def made_up_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_made_up_run(tmp_path_factory.mktemp("runs") / "made-up")
