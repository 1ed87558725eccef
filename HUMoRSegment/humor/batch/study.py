"""One study of a batch: its name, its files, where they were found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import UsageError
from .study_id import collision_key, unfit


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
    complaints: list[str] = []
    taken: dict[str, BatchStudy] = {}
    for study in studies:
        if reason := unfit(study.id):
            complaints.append(f"{study.source}: {study.id!r} cannot name a folder of results: {reason}.")
            continue
        first = taken.setdefault(collision_key(study.id), study)
        if first is not study and first.id == study.id:
            complaints.append(f"{study.source}: {study.id!r} is also the name of {first.source}.")
        elif first is not study:
            complaints.append(
                f"{study.source}: {study.id!r} and {first.id!r} ({first.source}) would be the same folder on "
                "a disk that does not tell capitals from small letters."
            )
    if complaints:
        raise UsageError("\n".join([*shortened(complaints), remedy]))


def shortened(lines: list[str], longest: int = 20) -> list[str]:
    """The first lines, and how many more there are."""
    if len(lines) <= longest:
        return lines
    return [*lines[:longest], f"... and {len(lines) - longest} more."]
