"""The table of faults names tests that exist, so that it cannot go stale."""

from __future__ import annotations

import re
from pathlib import Path

TESTING = Path(__file__).resolve().parents[1]


def test_every_test_that_the_table_names_exists() -> None:
    named = set(
        re.findall(r"`(test_\w+)`", (Path(__file__).parent / "README.md").read_text(encoding="utf-8"))
    )
    there = {
        name
        for path in TESTING.rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert len(named) > 40
    assert named - there == set()
