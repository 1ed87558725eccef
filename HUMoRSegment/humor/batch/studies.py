"""One study of a batch: its name, its files, where they were found."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import UsageError
from .state import RECORDS, VOLUMES

LONGEST = 150  # bytes; file systems end at 255, and temporary files add something
_FORBIDDEN = re.compile(r'[<>:"/\\|?*]')
_DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))}


@dataclass(frozen=True)
class BatchStudy:
    """A study that is wanted.

    Attributes:
        id: its name, and its folder's name among the results.
        source: for messages: its folder, or its row of the table.
        files: sequence → file; empty where there is a problem.
        reasons: sequence → why this file was taken.
        problem: why it cannot be segmented; empty if nothing is known against it.
        problem_type: the name of the error's class.
    """

    id: str
    source: str
    files: dict[str, Path] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    problem: str = ""
    problem_type: str = ""


def check_ids(studies: Sequence[BatchStudy], remedy: str) -> None:
    """Every study can have a folder of its own among the results, on every kind of disk.

    Args:
        studies: all of the batch.
        remedy: what to do about a name that does not fit.

    Raises:
        UsageError: names every study whose name does not fit.
    """
    complaints = _complaints(studies)
    if complaints:
        raise UsageError("\n".join([*shortened(list(complaints.values())), remedy]))


def without_unfit(studies: Sequence[BatchStudy], remedy: str) -> list[BatchStudy]:
    """The studies; those that cannot have a folder of their own have that as their problem.

    Args:
        studies: all of the batch.
        remedy: what to do about a name that does not fit.
    """
    complaints = _complaints(studies)
    taken = {study.id for number, study in enumerate(studies) if number not in complaints}
    settled = []
    for number, study in enumerate(studies):
        if number in complaints:
            name, count = shown(study.id), 1
            while name in taken:
                count += 1
                name = f"{shown(study.id)} ({count})"
            taken.add(name)
            problem = study.problem or f"{complaints[number]} {remedy}"
            study = BatchStudy(name, study.source, problem=problem, problem_type=UsageError.__name__)
        settled.append(study)
    return settled


def _complaints(studies: Sequence[BatchStudy]) -> dict[int, str]:
    """Number of a study → what is wrong with its name; all of those that clash are named."""
    complaints: dict[int, str] = {}
    taken: dict[str, int] = {}
    for number, study in enumerate(studies):
        if reason := unfit(study.id):
            complaints[number] = f"{study.source}: {study.id!r} cannot name a folder of results: {reason}."
            continue
        first = taken.setdefault(collision_key(study.id), number)
        if first == number:
            continue
        complaints.setdefault(first, _clash(studies[first], study))
        complaints[number] = _clash(study, studies[first])
    return complaints


def _clash(study: BatchStudy, other: BatchStudy) -> str:
    if study.id == other.id:
        return f"{study.source}: {study.id!r} is also the name of {other.source}."
    return (
        f"{study.source}: {study.id!r} and {other.id!r} ({other.source}) would be the same folder on "
        "a disk that ignores upper and lower case."
    )


def shortened(lines: list[str], longest: int = 20) -> list[str]:
    """The first lines, and how many more there are."""
    if len(lines) <= longest:
        return lines
    return [*lines[:longest], f"... and {len(lines) - longest} more."]


def unfit(name: str) -> str:
    """Why a name cannot be a folder's, in words; empty if it can."""
    if not name:
        return "it is empty"
    found = _FORBIDDEN.search(name)
    if found:
        what = "separates folders" if found[0] in "/\\" else "is not allowed in names on every system"
        return f"{found[0]!r} {what}"
    if shown(name) != name:
        return "it is not valid UTF-8"
    if not name.isprintable():
        return "it contains invisible characters"
    if name.startswith(".") or name != name.strip() or name.endswith("."):
        return "it begins or ends with a dot or a space"
    if len(name.encode("utf-8", "replace")) > LONGEST:
        return f"it is longer than {LONGEST} bytes"
    if name.casefold().partition(".")[0] in _DEVICES:
        return "Windows reserves this name for a device"
    if name.casefold() in (RECORDS, VOLUMES):
        return "the batch has a file of this name"
    return ""


def shown(name: str) -> str:
    """A name as text: bytes that are no UTF-8, which Linux allows in names, as ``\\xe9``."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def collision_key(name: str) -> str:
    """Equal for names that are one on some disk: capitals, and two ways to write one letter."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
