"""``influence.json`` and ``influence.csv``: the same rows, with their provenance and for a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Any

from .folder import output_error

FACTS = "influence.json"
"""Written last: where it is, the result is complete."""
TABLE = "influence.csv"
SCHEMA = "humor-influence/1"
"""Changes when a field changes its meaning or goes away; further fields may come without it."""


@contextmanager
def writable(folder: Path) -> Iterator[None]:
    """Make the folder and try to write there, before minutes are spent; a failure unmakes it.

    Raises:
        OutputError: nothing can be written there.
    """
    was_there = folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise output_error(folder, error) from error
    try:
        yield
    except BaseException:
        if not was_there:
            with suppress(OSError):  # not empty: somebody else's files
                folder.rmdir()
        raise


def publish(folder: Path, facts: Mapping[str, Any]) -> None:
    """Write both files; they get their names only once both are whole, so no half file is ever seen.

    Args:
        folder: exists.
        facts: what ``influence.json`` holds; ``effects`` are the rows of the table.

    Raises:
        OutputError: they cannot be written; the files of an earlier run are whole or gone.
    """
    texts = {TABLE: _csv(facts["effects"]), FACTS: json.dumps(facts, indent=2, ensure_ascii=False) + "\n"}
    try:
        with TemporaryDirectory(".partial", ".humor-influence-", folder) as staging:
            for name, text in texts.items():
                (Path(staging) / name).write_text(text, encoding="utf-8")
            (folder / FACTS).unlink(missing_ok=True)
            for name in texts:
                os.replace(Path(staging) / name, folder / name)
    except OSError as error:
        raise output_error(folder, error) from error


def _csv(rows: Sequence[Mapping[str, Any]]) -> str:
    text = io.StringIO()
    table = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    table.writeheader()
    for row in rows:
        table.writerow(
            {key: f"{value:.4f}" if isinstance(value, float) else value for key, value in row.items()}
        )
    return text.getvalue()
