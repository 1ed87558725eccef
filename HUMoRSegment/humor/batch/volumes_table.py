"""``volumes.csv``: one row for every study, as it stands now."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..regions import LABEL_NAMES, REGION_KEYS
from .records import Record

WAITING = "waiting"
"""Status of a study of which no attempt has ended yet."""

COLUMNS: tuple[str, ...] = (
    "study",
    "status",
    *(f"{key}_ml" for key in REGION_KEYS),
    *(f"label_{value}_ml" for value in LABEL_NAMES),
    "sequences",
    "warnings",
    "seconds",
    "device",
    "model",
    "error",
)


def write_volumes(path: Path, studies: Iterable[str], last: Mapping[str, Record]) -> None:
    """Replace the table; whoever has it open reads the old one or the new one, never half of one.

    Args:
        path: the file.
        studies: names of the batch's studies, in order.
        last: study → its last record; those of earlier batches follow.

    Raises:
        OSError: it cannot be written.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for study in dict.fromkeys([*studies, *last]):
        writer.writerow(_row(study, last.get(study)))
    temporary = path.with_name(f".{path.name}.partial")
    temporary.write_text(text.getvalue(), encoding="utf-8")
    os.replace(temporary, path)


def _row(study: str, record: Record | None) -> dict[str, Any]:
    if record is None:
        return {"study": study, "status": WAITING}
    error = record.get("error") or {}
    return {
        "study": study,
        "status": record["status"],
        **{f"{key}_ml": ml for key, ml in record["volumes_ml"].items()},
        **{f"label_{value}_ml": ml for value, ml in record["labels_ml"].items()},
        "sequences": " ".join(record["sequences"]),
        "warnings": len(record["warnings"]),
        "seconds": record["seconds"],
        "device": record.get("device", ""),
        "model": record["model"],
        "error": " ".join(str(error.get("message", "")).split()),
    }
