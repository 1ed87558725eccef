"""What checks say: one line per finding, as a table or as CSV."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from enum import Enum
from pathlib import Path


class Severity(str, Enum):
    """How bad it is: cannot be trained on; should be looked at; good to know."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True)
class Finding:
    """One thing that a check noticed.

    Attributes:
        severity: how bad it is.
        study: the study's name; "" for the whole data set.
        what: a sequence, "label", or "" for the whole study.
        message: in words, with the file where there is one.
    """

    severity: Severity
    study: str
    what: str
    message: str


COLUMNS = tuple(field.name for field in fields(Finding))


def by_severity(findings: Iterable[Finding]) -> list[Finding]:
    """Errors first, then by study."""
    order = list(Severity)
    return sorted(findings, key=lambda finding: (order.index(finding.severity), finding.study, finding.what))


def counts(findings: Iterable[Finding]) -> dict[Severity, int]:
    """How many of each severity, also 0."""
    found = Counter(finding.severity for finding in findings)
    return {severity: found[severity] for severity in Severity}


def table(findings: Sequence[Finding]) -> str:
    """Aligned columns with a heading; "" where there is nothing."""
    if not findings:
        return ""
    rows = [COLUMNS, *(_cells(finding) for finding in findings)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS) - 1)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]])
        for row in rows
    )


def write_csv(path: Path, findings: Iterable[Finding]) -> None:
    """The same table for other programs.

    Raises:
        OSError: the file cannot be written.
    """
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(_cells(finding) for finding in findings)


def _cells(finding: Finding) -> tuple[str, ...]:
    severity, *rest = astuple(finding)
    return (severity.value, *rest)
