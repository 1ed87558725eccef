"""What a batch keeps on disk to go on after a kill, and whether a study is done.

``report.json`` says that a study's folder is complete, and the batch may be killed between that file
and its own record. So before each attempt a run stamp is written: inputs, model, options, and which
report (by its hash) lay there before. A complete report that is not that old one was made by this attempt.
Whether inputs are still the same is told right first, and quickly where nothing changed.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..hashing import sha256_of_bytes, sha256_of_file
from ..output.names import LABEL_MAP, REPORT, SEGMENTATION
from ..output.ownership import claims_of, parsed
from ..plain_files import read_plain, write_whole
from ..regions import REGION_KEYS
from ..study.volume import data_files

InputStats = dict[str, dict[str, Any]]
"""Sequence → ``path``, ``bytes``, ``mtime_ns``; of detached data, or a header, also ``data``, a list."""
RECORDS = "records.jsonl"
"""One line of JSON for the end of every attempt; only ever appended to."""
VOLUMES = "volumes.csv"
"""One row for every study, as it stands now."""
STATE_FOLDER = ".humor.batch"
"""What the batch itself needs to go on after a kill: a lock, and a stamp for each study."""
LOCK = "lock"
OWN_FILES = "files.json"
"""Hashes of the files that are replaced as the batch goes on."""


@dataclass(frozen=True)
class RunStamp:
    """What is about to be done for a study, on disk before it begins.

    Attributes:
        inputs: see ``InputStats``.
        model: SHA-256 of the model.
        options: hash of the options.
        replaces: SHA-256 of the ``report.json`` that lay there before; None if none did.
    """

    inputs: InputStats
    model: str
    options: str
    replaces: str | None = None


@dataclass(frozen=True)
class Report:
    """A complete ``report.json``: its content and the SHA-256 of its bytes."""

    content: dict[str, Any]
    sha256: str


@dataclass(frozen=True)
class Verdict:
    """Whether a study is done; if so, by which report, and if not, why not.

    Attributes:
        report: the report of the finished run, or None.
        reason: in words, for ``--dry-run``.
    """

    report: Report | None
    reason: str


class RunStamps:
    """The run stamps of a batch: one small file for each study, replaced atomically."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, study: str) -> RunStamp | None:
        """The last stamp of a study; None if there is none that can be read."""
        try:
            entries = json.loads(read_plain(self._path(study)))
            stamp = RunStamp(entries["inputs"], entries["model"], entries["options"], entries["replaces"])
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return None
        return stamp if are_stats(stamp.inputs) else None

    def write(self, study: str, stamp: RunStamp) -> None:
        """Put a study's stamp on disk before anything else happens.

        Raises:
            OSError: it cannot be written.
        """
        write_whole(self._path(study), json.dumps(asdict(stamp)).encode())

    def refresh(self, study: str, stamp: RunStamp, inputs: InputStats) -> None:
        """Files were moved or touched and hold the same: next time they need not be hashed."""
        if stamp.inputs != inputs:
            self.write(study, replace(stamp, inputs=inputs))

    def remove(self, study: str) -> None:
        """The result of the last attempt must not count."""
        self._path(study).unlink(missing_ok=True)

    def _path(self, study: str) -> Path:
        return self._folder / f"{study}.json"


def judge(folder: Path, stamp: RunStamp | None, wanted: RunStamp) -> Verdict:
    """Whether what lies in a study's folder is what is wanted now.

    Args:
        folder: the study's folder of results.
        stamp: of the last attempt; None if there was none.
        wanted: what would be done now; ``replaces`` does not matter.
    """
    if stamp is None:
        return Verdict(None, "new")
    report = read_report(folder)
    if report is None:
        began = "results were changed or damaged" if report_hash(folder) else "not finished"
        return Verdict(None, began)
    if report.sha256 == stamp.replaces:
        return Verdict(None, "not finished")
    if not stamp.model == wanted.model == _model_of(report.content):
        return Verdict(None, "another model")
    if stamp.options != wanted.options:
        return Verdict(None, "other options")
    if not unchanged(stamp.inputs, wanted.inputs, report.content["inputs"]):
        return Verdict(None, "other inputs")
    return Verdict(report, "done")


def _model_of(report: Mapping[str, Any]) -> str | None:
    model = report.get("model")
    return model.get("sha256") if isinstance(model, dict) else None


def report_hash(folder: Path) -> str | None:
    """SHA-256 of the report of a study's folder, whatever it holds; None if there is none."""
    try:
        return sha256_of_bytes(read_plain(folder / REPORT))
    except OSError:
        return None


def read_report(folder: Path) -> Report | None:
    """The report of a study's folder.

    None if there is none, if it is damaged, if a file that it lists is gone or has another size, or
    if the label map is not the one that was written.
    """
    try:
        written = os.lstat(folder / REPORT).st_mtime_ns
        text = read_plain(folder / REPORT)
    except OSError:
        return None
    content = parsed(text)
    if content is None or not is_complete(content):
        return None
    report = Report(content, sha256_of_bytes(text))
    claims = claims_of(content, SEGMENTATION, report.sha256, written)
    for name in content["outputs"]:
        if name not in claims or not claims[name].whole(folder / name, by_content=name == LABEL_MAP):
            return None
    return report


def is_complete(report: Mapping[str, Any]) -> bool:
    """Whether every entry that a batch relies on is there and of its kind."""
    try:
        return (
            _all(report["outputs"], str)
            and _all(report["inputs"], dict)
            and _all(report["warnings"], str)
            and _all(report["sequences"]["used"], str)
            and isinstance(report["device"], str)
            and isinstance(report["created"], str)
            and isinstance(report["seconds"], dict)
            and isinstance(report["model"], dict)
            and all(_is_number(report["volumes_ml"][key]) for key in REGION_KEYS)
            and all(map(_is_number, report["volumes_ml"].values()))
            and all(_is_number(item["ml"]) and "value" in item for item in report["labels_ml"])
            and _is_number(report["seconds"].get("to_label_map", 0.0))
        )
    except (KeyError, TypeError, AttributeError):
        return False


def _all(items: Any, kind: type) -> bool:
    return isinstance(items, list) and all(isinstance(item, kind) for item in items)


def _is_number(value: Any) -> bool:
    """A number that calculates like one: none of 400 digits, no NaN."""
    try:
        return isinstance(value, int | float) and math.isfinite(value)
    except OverflowError:
        return False


def stats_of(files: Mapping[str, Path]) -> InputStats:
    """What the file system says about each file, and those read with it; nothing else is read.

    Raises:
        InputError: a file is not there.
    """
    stats: InputStats = {}
    for sequence, path in files.items():
        stats[sequence] = _stat(path)
        if data := data_files(path):
            stats[sequence]["data"] = [_stat(file) for file in data]
    return stats


def _stat(path: Path) -> dict[str, Any]:
    try:
        status = path.stat()
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror or error}). Check the path.") from error
    return {"path": str(path.absolute()), "bytes": status.st_size, "mtime_ns": status.st_mtime_ns}


def are_stats(stats: Any) -> bool:
    """Whether this is what ``stats_of`` gives."""
    return isinstance(stats, dict) and all(
        isinstance(stat, dict)
        and isinstance(stat.get("path"), str)
        and isinstance(stat.get("data", []), list)
        and all(isinstance(part, dict) for part in stat.get("data", []))
        for stat in stats.values()
    )


def unchanged(before: InputStats, now: InputStats, reported: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the files now are those that a finished run has read.

    The same path, size and time of modification (to the nanosecond) are taken as the same content,
    as ``make`` and ``rsync`` do. A file that was moved, copied or touched is hashed and compared
    with the SHA-256 in the run's report, so only a change of content makes a study be done again.
    A size alone is never trusted, nor a time without the path: archives unpack to round times.

    Args:
        before: stats taken just before that run.
        now: stats of the files as they are.
        reported: ``inputs`` of that run's ``report.json``.
    """
    if set(before) != set(now):
        return False
    known = {item.get("sequence"): item for item in reported}
    if set(known) != set(now):
        return False
    return all(
        stat == before[sequence] or _same_content(before[sequence], stat, known[sequence])
        for sequence, stat in now.items()
    )


def _same_content(before: Mapping[str, Any], now: Mapping[str, Any], reported: Mapping[str, Any]) -> bool:
    parts = [now, *now.get("data", [])]
    earlier = [before, *before.get("data", [])]
    data = reported.get("data", [])
    hashes = [item.get("sha256") for item in (reported, *data) if isinstance(item, dict)]
    if not len(parts) == len(earlier) == len(hashes):
        return False
    if any(part["bytes"] != old.get("bytes") for part, old in zip(parts, earlier, strict=True)):
        return False
    for part, sha256 in zip(parts, hashes, strict=True):
        if sha256 is None or _sha256_of(Path(part["path"])) != sha256:
            return False
    return True


def _sha256_of(path: Path) -> str | None:
    try:
        return sha256_of_file(path)
    except OSError:
        return None
