"""ARCHITECTURE.md names files that exist."""

from __future__ import annotations

import re
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
ROOTS = (
    REPOSITORY,
    REPOSITORY / "HUMoRSegment",
    REPOSITORY / "HUMoRSegment" / "humor",
    REPOSITORY / "Training" / "humor_training",
)


def test_every_file_in_the_table_of_changes_exists() -> None:
    table = (REPOSITORY / "ARCHITECTURE.md").read_text(encoding="utf-8").partition("## Where changes go")[2]
    named = set(re.findall(r"`([\w/]+\.py)`", table))
    assert len(named) > 25
    # A name without a folder stands beside the one that was named before it.
    there = {path.name for root in ROOTS[2:] for path in root.rglob("*.py")}
    missing = [
        name
        for name in named
        if not any((root / name).is_file() for root in ROOTS) and ("/" in name or name not in there)
    ]
    assert missing == []
