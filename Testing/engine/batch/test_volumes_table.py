"""The table of volumes."""

from __future__ import annotations

import csv
import io
import os

from humor.batch.volumes_table import volumes_table


def test_names_and_messages_are_no_formulas_and_numbers_stay_numbers() -> None:
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
    table = volumes_table(['=HYPERLINK("http://x")', "-2"], {'=HYPERLINK("http://x")': record}).decode()
    first, second = csv.DictReader(io.StringIO(table, newline=""))
    assert first["study"] == '\'=HYPERLINK("http://x")' and second["study"] == "-2"
    assert first["WT_ml"] == "-1.5" and first["model"] == "'@model"
    assert first["error"].startswith("'+A1") and "\x1b" not in table


def test_names_that_are_no_text_are_shown_as_python_writes_them() -> None:
    table = volumes_table([os.fsdecode(b"caf\xe9")], {})
    assert b"\ncaf\\udce9,waiting," in table
