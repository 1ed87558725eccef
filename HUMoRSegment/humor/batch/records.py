"""What a batch tells: ``records.jsonl``, a line for each attempt, and ``volumes.csv``, a row for each study.

A record is on disk before the next thing happens; the table shows each study as it stands now.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..errors import UserFileError
from ..neutral import cell
from ..output.report_json import now
from ..plain_files import open_plain, read_plain, sync_folder
from ..regions import LABEL_NAMES, REGION_KEYS
from .messages import Failure, Settings
from .state import InputStats, Report

DONE, FAILED = "done", "failed"
Record = dict[str, Any]
_BEGINNING = b'{"study": '
_MOST_BYTES = 1 << 32
# What whoever reads records relies on.
_FIELDS: dict[str, tuple[type, ...]] = {
    "study": (str,),
    "status": (str,),
    "volumes_ml": (dict,),
    "labels_ml": (dict,),
    "sequences": (list,),
    "warnings": (list,),
    "seconds": (int, float, type(None)),
    "error": (dict, type(None)),
    "model": (str,),
}
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


class Records:
    """The records of a folder: those that are there, and a way to add more.

    A kill in the midst of writing leaves a torn last line; it is cut off here, and what it would
    have said is found again from the study's own folder. Lines that cannot be read, or do not hold
    what a record holds, are left alone.

    Args:
        path: made when the first line is added; never a link.
        ours: whether the file is known to be ours; else its first line must be a record.

    Raises:
        OSError: it cannot be read or mended.
        UserFileError: it is a file of the user's.
    """

    def __init__(self, path: Path, ours: bool = True) -> None:
        self.path = path
        self.last: dict[str, Record] = {}
        """Study → its last record, in the order in which studies first came."""
        lines = _whole_lines(path)
        if lines and not ours and _record(lines[0]) is None:
            raise UserFileError(
                f"{path}: HUMoR did not write it, and files of yours are never touched. Move it away, or "
                "choose another output folder."
            )
        for record in filter(None, map(_record, lines)):
            self.last[record["study"]] = record

    def knows(self, study: str, report: Report) -> bool:
        """Whether the last record of a study tells of this very result."""
        return self.last.get(study, {}).get("report_sha256") == report.sha256

    def append(self, record: Record) -> None:
        """Add one, and wait until it is on disk.

        Raises:
            OSError: it cannot be written.
        """
        # Names of files need not be text: what is none stays readable, as JSON writes it.
        line = json.dumps(record, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"
        is_new = not os.path.exists(self.path)
        with os.fdopen(open_plain(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND), "rb+") as file:
            if file.seek(0, os.SEEK_END):
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":
                    line = b"\n" + line  # behind what somebody has added without ending the line
            file.seek(0, os.SEEK_END)
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        if is_new:
            sync_folder(self.path.parent)
        self.last[record["study"]] = record


def _whole_lines(path: Path) -> list[bytes]:
    """All lines; one of ours that a kill has torn is cut off."""
    try:
        data = read_plain(path, _MOST_BYTES)
    except FileNotFoundError:
        return []
    whole, newline, rest = data.rpartition(b"\n")
    if rest and _record(rest) is None and (rest.startswith(_BEGINNING) or _BEGINNING.startswith(rest)):
        handle = open_plain(path, os.O_RDWR)
        try:
            os.ftruncate(handle, len(whole) + len(newline))
        finally:
            os.close(handle)
        rest = b""
    return [line for line in (*whole.split(b"\n"), rest) if line]


def _record(line: bytes) -> Record | None:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(record, dict):
        return None
    good = all(isinstance(record.get(key), kinds) for key, kinds in _FIELDS.items())
    return record if good and record["status"] in (DONE, FAILED) else None


def done_record(
    study: str, report: Report, settings: Settings, inputs: InputStats, attempt: int, recovered: bool = False
) -> Record:
    """The record of a finished study, all of it from its report.

    Args:
        study: its name.
        report: its report.
        settings: the batch's.
        inputs: see ``InputStats``.
        attempt: how many attempts it took, this time.
        recovered: the batch was killed before it could write this down.
    """
    content = report.content
    labels = {str(item["value"]): round(item["ml"], 3) for item in content["labels_ml"]}
    return {
        **_common(study, DONE, settings, inputs, attempt),
        "seconds": content["seconds"].get("to_label_map"),
        "volumes_ml": {key: round(ml, 3) for key, ml in content["volumes_ml"].items()},
        "labels_ml": {str(value): labels.get(str(value), 0.0) for value in LABEL_NAMES},
        "sequences": content["sequences"]["used"],
        "warnings": content["warnings"],
        "error": None,
        "device": content["device"],
        "created": content["created"],
        "report_sha256": report.sha256,
        "recovered": recovered,
    }


def failed_record(
    study: str, failure: Failure, settings: Settings, inputs: InputStats, attempt: int, seconds: float
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


def _common(study: str, status: str, settings: Settings, inputs: InputStats, attempt: int) -> Record:
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
