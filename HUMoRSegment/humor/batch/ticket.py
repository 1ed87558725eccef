"""What is about to be done for a study, on disk before it begins, so that a kill leaves no doubt.

``report.json`` says that a study's folder is complete, but not with which options it was made, and
the batch may be killed between that file and its own record. So before each attempt a ticket is
written: inputs, model, options, and which report (by its hash) lay there before. A complete report
that is not that old one was made by this ticket.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ..bundle.hashing import sha256_of_bytes
from ..output.names import LABEL_MAP, REPORT, SEGMENTATION
from ..output.ownership import claims_of, parsed
from ..plain_files import read_plain, write_whole
from .inputs import Stamps, are_stamps, unchanged
from .report_check import is_complete


@dataclass(frozen=True)
class Ticket:
    """An attempt.

    Attributes:
        inputs: see ``Stamps``.
        model: SHA-256 of the model.
        options: hash of the options.
        replaces: SHA-256 of the ``report.json`` that lay there before; None if none did.
    """

    inputs: Stamps
    model: str
    options: str
    replaces: str | None = None


@dataclass(frozen=True)
class Report:
    """A complete ``report.json``: its facts and the SHA-256 of its bytes."""

    facts: dict[str, Any]
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
    facts = parsed(text)
    if facts is None or not is_complete(facts):
        return None
    report = Report(facts, sha256_of_bytes(text))
    claims = claims_of(facts, SEGMENTATION, report.sha256, written)
    for name in facts["outputs"]:
        if name not in claims or not claims[name].whole(folder / name, by_content=name == LABEL_MAP):
            return None
    return report


def judge(folder: Path, ticket: Ticket | None, wanted: Ticket) -> Verdict:
    """Whether what lies in a study's folder is what is wanted now.

    Args:
        folder: the study's folder of results.
        ticket: of the last attempt; None if there was none.
        wanted: what would be done now; ``replaces`` does not matter.
    """
    if ticket is None:
        return Verdict(None, "new")
    report = read_report(folder)
    if report is None:
        began = "results were changed or damaged" if report_hash(folder) else "not finished"
        return Verdict(None, began)
    if report.sha256 == ticket.replaces:
        return Verdict(None, "not finished")
    if not ticket.model == wanted.model == _model_of(report.facts):
        return Verdict(None, "another model")
    if ticket.options != wanted.options:
        return Verdict(None, "other options")
    if not unchanged(ticket.inputs, wanted.inputs, report.facts["inputs"]):
        return Verdict(None, "other inputs")
    return Verdict(report, "done")


def _model_of(facts: Mapping[str, Any]) -> str | None:
    model = facts.get("model")
    return model.get("sha256") if isinstance(model, dict) else None


class Tickets:
    """The tickets of a batch: one small file for each study, replaced atomically."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, study: str) -> Ticket | None:
        """The last ticket of a study; None if there is none that can be read."""
        try:
            facts = json.loads(read_plain(self._path(study)))
            ticket = Ticket(facts["inputs"], facts["model"], facts["options"], facts["replaces"])
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return None
        return ticket if are_stamps(ticket.inputs) else None

    def write(self, study: str, ticket: Ticket) -> None:
        """Put a study's ticket on disk before anything else happens.

        Raises:
            OSError: it cannot be written.
        """
        write_whole(self._path(study), json.dumps(asdict(ticket)).encode())

    def refresh(self, study: str, ticket: Ticket, inputs: Stamps) -> None:
        """Files were moved or touched and hold the same: next time they need not be hashed."""
        if ticket.inputs != inputs:
            self.write(study, replace(ticket, inputs=inputs))

    def remove(self, study: str) -> None:
        """The result of the last attempt must not count."""
        self._path(study).unlink(missing_ok=True)

    def _path(self, study: str) -> Path:
        return self._folder / f"{study}.json"
