"""``volumes.csv``: one row for every study, as it stands now."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..neutral import cell
from ..plain_files import read_plain
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


def volumes_table(studies: Iterable[str], last: Mapping[str, Record]) -> bytes:
    """The content of the table.

    Args:
        studies: names of the batch's studies, in order.
        last: study → its last record; those of earlier batches follow.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for study in dict.fromkeys([*studies, *last]):
        writer.writerow({key: cell(value) for key, value in _row(study, last.get(study)).items()})
    return text.getvalue().encode("utf-8")


def was_made_here(path: Path) -> bool:
    """Whether a file looks like a table of ours, by its columns.

    Raises:
        OSError: it cannot be read.
    """
    data = read_plain(path)
    return not data or data.partition(b"\n")[0].decode("utf-8", "replace").split(",") == list(COLUMNS)


def _row(study: str, record: Record | None) -> dict[str, Any]:
    if record is None:
        return {"study": study, "status": WAITING}
    error = record.get("error") or {}
    return {
        "study": study,
        "status": record["status"],
        **{f"{key}_ml": ml for key, ml in record["volumes_ml"].items()},
        **{f"label_{value}_ml": ml for value, ml in record["labels_ml"].items()},
        "sequences": " ".join(map(str, record["sequences"])),
        "warnings": len(record["warnings"]),
        "seconds": record["seconds"],
        "device": record.get("device", ""),
        "model": record["model"],
        "error": " ".join(str(error.get("message", "")).split()),
    }
