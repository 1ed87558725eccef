"""``records.jsonl``: one line of JSON for the end of every attempt, on disk before the next thing happens."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ..output.provenance import now
from ..regions import LABEL_NAMES
from .inputs import Stamps
from .messages import Failure
from .settings import Settings
from .ticket import Report

DONE, FAILED = "done", "failed"
Record = dict[str, Any]


class Records:
    """The records of a folder: those that are there, and a way to add more.

    A kill in the midst of writing leaves a torn last line; it is cut off here, and what it would
    have said is found again from the study's own folder. Lines that cannot be read are left alone.

    Args:
        path: made when the first line is added.

    Raises:
        OSError: it cannot be read or mended.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.last: dict[str, Record] = {}
        """Study → its last record, in the order in which studies first came."""
        for line in _whole_lines(path):
            self.last[line["study"]] = line

    def knows(self, study: str, report: Report) -> bool:
        """Whether the last record of a study tells of this very result."""
        return self.last.get(study, {}).get("report_sha256") == report.sha256

    def append(self, record: Record) -> None:
        """Add one, and wait until it is on disk.

        Raises:
            OSError: it cannot be written.
        """
        with open(self.path, "ab") as file:
            file.write(json.dumps(record, ensure_ascii=False).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        self.last[record["study"]] = record


def _whole_lines(path: Path) -> list[Record]:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return []
    whole, newline, torn = data.rpartition(b"\n")
    if torn:
        with open(path, "r+b") as file:
            file.truncate(len(whole) + len(newline))
    records = []
    for line in whole.split(b"\n"):
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict) and isinstance(record.get("study"), str):
            records.append(record)
    return records


def done_record(
    study: str, report: Report, settings: Settings, inputs: Stamps, attempt: int, recovered: bool = False
) -> Record:
    """The record of a finished study, all of it from its report.

    Args:
        study: its name.
        report: its report.
        settings: the batch's.
        inputs: stamps of its files.
        attempt: how many attempts it took, this time.
        recovered: the batch was killed before it could write this down.
    """
    facts = report.facts
    labels = {str(item["value"]): round(item["ml"], 3) for item in facts["labels_ml"]}
    return {
        **_common(study, DONE, settings, inputs, attempt),
        "seconds": facts["seconds"].get("to_label_map"),
        "volumes_ml": {key: round(ml, 3) for key, ml in facts["volumes_ml"].items()},
        "labels_ml": {str(value): labels.get(str(value), 0.0) for value in LABEL_NAMES},
        "sequences": facts["sequences"]["used"],
        "warnings": facts["warnings"],
        "error": None,
        "device": facts["device"],
        "created": facts["created"],
        "report_sha256": report.sha256,
        "recovered": recovered,
    }


def failed_record(
    study: str, failure: Failure, settings: Settings, inputs: Stamps, attempt: int, seconds: float
) -> Record:
    """The record of an attempt that failed."""
    error = {"type": failure.type, "message": failure.message}
    if failure.details:
        error["details"] = failure.details
    return {
        **_common(study, FAILED, settings, inputs, attempt),
        "seconds": round(seconds, 3),
        "volumes_ml": {},
        "labels_ml": {},
        "sequences": list(inputs),
        "warnings": [],
        "error": error,
    }


def _common(study: str, status: str, settings: Settings, inputs: Stamps, attempt: int) -> Record:
    return {
        "study": study,
        "status": status,
        "attempt": attempt,
        "recorded": now(),
        "model": settings.model,
        "model_sha256": settings.sha256,
        "options": settings.options_hash,
        "inputs": inputs,
    }
