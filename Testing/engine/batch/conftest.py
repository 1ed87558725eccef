"""Twenty made studies, and how to run them."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.batch.made_studies import make_studies


@pytest.fixture(scope="session")
def twenty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_studies(tmp_path_factory.mktemp("twenty") / "in", 20)
