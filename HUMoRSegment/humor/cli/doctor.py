"""``humor doctor``: a self-test of this installation whose output can be copied into a report."""

from __future__ import annotations

import argparse
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import EXIT_CANNOT_SEGMENT, EXIT_DONE
from .arguments import given_path
from .terminal import JsonLines, say

if TYPE_CHECKING:
    from ..events import Listener
    from .doctor_checks import Check


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "doctor",
        help="test this installation: versions, devices, memory, disk, weights",
        description="Test this installation, down to a small segmentation, and say how to repair what fails. "
        "Ends with 0 if nothing failed, else with 1.",
    )
    parser.add_argument(
        "--output", type=given_path, default=Path(), metavar="OUT", help="where results will go"
    )
    parser.add_argument(
        "--device", default="auto", metavar="DEVICE", help="for the trial run: auto, cpu, cuda, cuda:N or mps"
    )
    parser.add_argument("--json", action="store_true", help="one event a line on stdout, nothing else")


def run(arguments: argparse.Namespace) -> int:
    """Run all checks; each is shown as soon as it is done."""
    from ..events import Event
    from .doctor_checks import FAIL, all_checks

    listener = JsonLines() if arguments.json else _lines()
    checks = []
    with redirect_stdout(sys.stderr):  # stdout belongs to the checks, whatever a library prints
        for check in all_checks(arguments.output, arguments.device):
            checks.append(check)
            listener(Event("progress", "doctor", _sentence(check), data=check.to_json()))
    good = not any(check.status == FAIL for check in checks)
    data = {"ok": good, "checks": [check.to_json() for check in checks]}
    listener(Event("result", "doctor", _summary(checks), data=data))
    return EXIT_DONE if good else EXIT_CANNOT_SEGMENT


def _sentence(check: Check) -> str:
    line = f"{check.status:4}  {check.name:11} {check.text}"
    return f"{line}\n{'':18}→ {check.remedy}" if check.remedy else line


def _summary(checks: list[Check]) -> str:
    counts = {status: sum(check.status == status for check in checks) for status in ("fail", "warn")}
    if not any(counts.values()):
        return "Everything works."
    return f"{counts['fail']} failed, {counts['warn']} could be better: the arrows say what to do."


def _lines() -> Listener:
    stdout = sys.stdout  # what it is now, before it is redirected
    return lambda event: say(event.message, stdout)
