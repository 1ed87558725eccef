"""The table of volumes."""

from __future__ import annotations

import csv
from pathlib import Path

from humor.batch.volumes_table import write_volumes


def test_names_and_messages_are_no_formulas_and_numbers_stay_numbers(tmp_path: Path) -> None:
    path = tmp_path / "volumes.csv"
    record = {
        "status": "failed",
        "volumes_ml": {"WT": -1.5},
        "labels_ml": {},
        "sequences": [],
        "warnings": [],
        "seconds": 1.0,
        "model": "@model",
        "error": {"message": "+A1 \x1b[2J"},
    }
    write_volumes(path, ['=HYPERLINK("http://x")', "-2"], {'=HYPERLINK("http://x")': record})
    first, second = csv.DictReader(path.open(encoding="utf-8", newline=""))
    assert first["study"] == '\'=HYPERLINK("http://x")' and second["study"] == "-2"
    assert first["WT_ml"] == "-1.5" and first["model"] == "'@model"
    assert first["error"].startswith("'+A1") and "\x1b" not in path.read_text(encoding="utf-8")
