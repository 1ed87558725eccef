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
from ..output.names import REPORT
from .inputs import Stamps, unchanged


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


def read_report(folder: Path) -> Report | None:
    """The report of a study's folder; None if there is none, or if a file that it lists is gone."""
    try:
        text = (folder / REPORT).read_bytes()
        facts = json.loads(text)
    except (OSError, ValueError):
        return None
    if not isinstance(facts, dict) or not isinstance(facts.get("outputs"), list):
        return None
    if not all((folder / str(name)).is_file() for name in facts["outputs"]):
        return None
    return Report(facts, sha256_of_bytes(text))


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
    if report is None or report.sha256 == ticket.replaces:
        return Verdict(None, "not finished")
    if not ticket.model == wanted.model == _model_of(report.facts):
        return Verdict(None, "another model")
    if ticket.options != wanted.options:
        return Verdict(None, "other options")
    if not unchanged(ticket.inputs, wanted.inputs, report.facts.get("inputs", [])):
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
            facts = json.loads(self._path(study).read_text(encoding="utf-8"))
            return Ticket(facts["inputs"], facts["model"], facts["options"], facts["replaces"])
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def write(self, study: str, ticket: Ticket) -> None:
        """Put a study's ticket on disk before anything else happens.

        Raises:
            OSError: it cannot be written.
        """
        path = self._path(study)
        temporary = path.with_suffix(".partial")
        with open(temporary, "w", encoding="utf-8") as file:
            json.dump(asdict(ticket), file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)

    def refresh(self, study: str, ticket: Ticket, inputs: Stamps) -> None:
        """Files were moved or touched and hold the same: next time they need not be hashed."""
        if ticket.inputs != inputs:
            self.write(study, replace(ticket, inputs=inputs))

    def remove(self, study: str) -> None:
        """The result of the last attempt must not count."""
        self._path(study).unlink(missing_ok=True)

    def _path(self, study: str) -> Path:
        return self._folder / f"{study}.json"
