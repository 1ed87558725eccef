"""Whether input files are still those of an earlier run: right first, and quick where nothing changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..bundle.hashing import sha256_of_file
from ..errors import InputError
from ..study.volume import data_files

Stamps = dict[str, dict[str, Any]]
"""Sequence → ``path``, ``bytes``, ``mtime_ns``; of detached data, or a header, also ``data``, a list."""


def stamps_of(files: Mapping[str, Path]) -> Stamps:
    """What the file system says about each file, and those read with it; nothing else is read.

    Raises:
        InputError: a file is not there.
    """
    stamps: Stamps = {}
    for sequence, path in files.items():
        stamps[sequence] = _stamp(path)
        if data := data_files(path):
            stamps[sequence]["data"] = [_stamp(file) for file in data]
    return stamps


def _stamp(path: Path) -> dict[str, Any]:
    try:
        facts = path.stat()
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror or error}). Check the path.") from error
    return {"path": str(path.absolute()), "bytes": facts.st_size, "mtime_ns": facts.st_mtime_ns}


def are_stamps(stamps: Any) -> bool:
    """Whether this is what ``stamps_of`` gives."""
    return isinstance(stamps, dict) and all(
        isinstance(stamp, dict)
        and isinstance(stamp.get("path"), str)
        and isinstance(stamp.get("data", []), list)
        and all(isinstance(part, dict) for part in stamp.get("data", []))
        for stamp in stamps.values()
    )


def unchanged(before: Stamps, now: Stamps, reported: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the files now are those that a finished run has read.

    The same path, size and time of modification (to the nanosecond) are taken as the same content,
    as ``make`` and ``rsync`` do. A file that was moved, copied or touched is hashed and compared
    with the SHA-256 in the run's report, so only a change of content makes a study be done again.
    A size alone is never trusted, nor a time without the path: archives unpack to round times.

    Args:
        before: stamps taken just before that run.
        now: stamps of the files as they are.
        reported: ``inputs`` of that run's ``report.json``.
    """
    if set(before) != set(now):
        return False
    known = {item.get("sequence"): item for item in reported}
    if set(known) != set(now):
        return False
    return all(
        stamp == before[sequence] or _same_content(before[sequence], stamp, known[sequence])
        for sequence, stamp in now.items()
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
