"""``influence.json`` and ``influence.csv``: the same rows, with their provenance and for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from .folder import OutputFolder
from .names import INFLUENCE_TABLE

SCHEMA = "humor-influence/1"
"""Changes when a field changes its meaning or goes away; further fields may come without it."""


def write(out: OutputFolder, facts: Mapping[str, Any]) -> None:
    """Stage both files; leaving ``out`` publishes them.

    Args:
        out: the folder, entered, for this kind of results.
        facts: what ``influence.json`` holds; ``effects`` are the rows of the table.

    Raises:
        OSError: they cannot be written.
    """
    out.file(INFLUENCE_TABLE).write_text(_csv(facts["effects"]), encoding="utf-8")
    out.write_mark(facts)


def _csv(rows: Sequence[Mapping[str, Any]]) -> str:
    text = io.StringIO()
    table = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    table.writeheader()
    for row in rows:
        table.writerow(
            {key: f"{value:.4f}" if isinstance(value, float) else value for key, value in row.items()}
        )
    return text.getvalue()
