"""Whether input files are still those of an earlier run: right first, and quick where nothing changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..output.provenance import sha256_of

Stamps = dict[str, dict[str, Any]]
"""Sequence → ``path``, ``bytes``, ``mtime_ns``: plain facts for JSON."""


def stamps_of(files: Mapping[str, Path]) -> Stamps:
    """What the file system says about each file; nothing is read.

    Raises:
        InputError: a file is not there.
    """
    stamps: Stamps = {}
    for sequence, path in files.items():
        try:
            facts = path.stat()
        except OSError as error:
            raise InputError(f"{path} cannot be read ({error.strerror or error}). Check the path.") from error
        stamps[sequence] = {
            "path": str(path.absolute()),
            "bytes": facts.st_size,
            "mtime_ns": facts.st_mtime_ns,
        }
    return stamps


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
    hashes = {item.get("sequence"): item.get("sha256") for item in reported}
    if set(hashes) != set(now):
        return False
    for sequence, stamp in now.items():
        if stamp == before[sequence]:
            continue
        if stamp["bytes"] != before[sequence]["bytes"]:
            return False
        known = hashes[sequence]
        if known is None or sha256_of(Path(stamp["path"])) != known:
            return False
    return True
