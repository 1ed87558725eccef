"""``humor batch``: many studies, each once, with the model kept loaded in one or more workers."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable
from contextlib import nullcontext, redirect_stdout
from typing import TYPE_CHECKING, Any

from ..errors import EXIT_CANNOT_SEGMENT, EXIT_DONE, Cancelled, UsageError
from ..sequences import DISPLAY_NAMES, SEQUENCES
from ..user_input import whole_number
from .arguments import add_listening, add_output, add_run_options, given_path, run_options
from .terminal import Bar, JsonLines, Quiet, complain, say

if TYPE_CHECKING:
    from ..batch.batch import Summary
    from ..batch.messages import Settings
    from ..batch.plan import PlannedStudy
    from ..batch.pool import Executor
    from ..batch.studies import BatchStudy
    from ..events import Event, Listener

_EXAMPLES = """\
examples:
  humor batch STUDIES --output OUT
  humor batch studies.csv --output OUT --devices cuda:0,cuda:1
  humor batch STUDIES --output OUT --workers 2 --device cpu
  humor batch STUDIES --output OUT --ray=auto

STUDIES is a folder of study folders (however deep, also BIDS), a folder with the files of many patients
(whose names begin differently for each patient), or a CSV file with the columns study, t1, t1c, t2, flair
(paths relative to it; an empty cell is a missing sequence). The results of each study are in OUT/STUDY,
a record of every attempt is in OUT/records.jsonl, and all volumes are in OUT/volumes.csv.
Finished studies are skipped, so the same command continues after a cancel or a kill. A study is done
again when its files, the model or an option that decides the result have changed; the device and the
number of workers do not count (on a CPU, the number of threads of a worker decides a few voxels in bf16;
with --precision fp32 it decides none). Your files are never overwritten: a study whose results you have
corrected counts as failed; move them away to have it done again.
Exit code: 0 all done, 1 some failed, 2 wrong usage, 130 cancelled.
For research use only; not a medical device.
"""
MOST_WORKERS, MOST_RETRIES, LONGEST_LIMIT = 1000, 1000, 10**9
_STAYS = "Finished studies are kept; the same command continues from there."


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "batch",
        help="segment many studies",
        description="Segment many studies with the model kept loaded; continue where it was stopped before.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "studies", type=given_path, metavar="STUDIES", help="folder of study folders, or CSV file"
    )
    add_output(parser)
    add_run_options(parser, "batch")
    add_listening(parser)
    group = parser.add_argument_group("batch")
    group.add_argument(
        "--workers", type=_between(1, MOST_WORKERS), metavar="N", help="worker processes (default: 1)"
    )
    group.add_argument(
        "--devices", type=_devices, metavar="D,D", help="e.g. cuda:0,cuda:1: one worker on each"
    )
    group.add_argument(
        "--retries",
        type=_between(0, MOST_RETRIES),
        default=1,
        metavar="N",
        help="further attempts after a failure that may pass (default: 1)",
    )
    group.add_argument(
        "--time-limit",
        type=_between(0, LONGEST_LIMIT),
        default=3600,
        metavar="SECONDS",
        help="stop a study that takes longer, and continue (default: 3600; 0 for no limit)",
    )
    group.add_argument("--redo", action="store_true", help="do finished studies again")
    group.add_argument("--dry-run", action="store_true", help="list what would be done, and with which files")
    group.add_argument(
        "--ray",
        nargs="?",
        const="",
        metavar="ADDRESS",
        help="workers on a Ray cluster; without ADDRESS that of RAY_ADDRESS, or this computer",
    )


def run(arguments: argparse.Namespace) -> int:
    """Do the batch; the exit code says whether all studies are done.

    Raises:
        HumorError: see ``errors``.
    """
    from ..batch.batch import list_studies
    from ..batch.local import room_warnings
    from ..batch.messages import settings_of

    _refuse_contradictions(arguments)
    listener = _listener(arguments)
    # With --json stdout belongs to the events, whatever a library prints.
    with redirect_stdout(sys.stderr) if arguments.json else nullcontext():
        studies, warnings = list_studies(arguments.studies, arguments.output, arguments.channels)
        settings = settings_of(run_options(arguments))
        if arguments.ray is None:
            warnings = [*warnings, *room_warnings(len(_devices_of(arguments)))]
        _tell_warnings(warnings, listener)
        if not arguments.dry_run:
            return _do(arguments, studies, settings, listener)
    return _show_plan(arguments, studies, settings)


def _do(
    arguments: argparse.Namespace, studies: list[BatchStudy], settings: Settings, listener: Listener
) -> int:
    from ..batch.batch import run_batch

    try:
        summary = run_batch(
            studies,
            arguments.output,
            settings,
            _executor(arguments, settings),
            retries=arguments.retries,
            redo=arguments.redo,
            time_limit=arguments.time_limit or None,
            listener=listener,
        )
    except KeyboardInterrupt as error:
        raise KeyboardInterrupt(f"Cancelled. {_STAYS}") from error
    except Cancelled as error:
        raise Cancelled(f"{error} {_STAYS}") from error
    _tell_summary(summary, listener)
    if not arguments.json:
        _show(summary, arguments.quiet)
    return EXIT_CANNOT_SEGMENT if summary.failed else EXIT_DONE


def _executor(arguments: argparse.Namespace, settings: Settings) -> Callable[[], Executor]:
    """Makes the workers; Ray is imported only where it is wanted."""
    if arguments.ray is not None:
        from ..batch.ray import RayExecutor

        return lambda: RayExecutor(settings, arguments.workers, arguments.ray)
    from ..batch.local import LocalExecutor

    return lambda: LocalExecutor(settings, _devices_of(arguments))


def _devices_of(arguments: argparse.Namespace) -> list[str]:
    """One for each worker on this computer."""
    return arguments.devices or [arguments.device] * (arguments.workers or 1)


def _refuse_contradictions(arguments: argparse.Namespace) -> None:
    if arguments.devices is None:
        return
    if arguments.ray is not None:
        raise UsageError("--devices and --ray exclude each other: Ray gives each worker its device.")
    if arguments.device != "auto" or arguments.workers is not None:
        raise UsageError("--devices says both devices and workers: leave --device and --workers out.")


def _between(smallest: int, largest: int) -> Callable[[str], int]:
    def check(text: str) -> int:
        number = whole_number(text, smallest, largest)
        if number is None:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {smallest} to {largest}")
        return number

    return check


def _devices(text: str) -> list[str]:
    devices = [device.strip() for device in text.split(",")]
    for device in devices:
        if re.fullmatch(r"cpu|mps|cuda(:\d+)?", device) is None:
            raise argparse.ArgumentTypeError(f"{device!r} is not cpu, mps, cuda or cuda:N")
        if devices.count(device) > 1:
            raise argparse.ArgumentTypeError(f"{device} is named twice; use --device {device} --workers N")
    return devices


def _listener(arguments: argparse.Namespace) -> Listener:
    if arguments.json:
        return JsonLines()
    return Quiet() if arguments.quiet else _BatchBar()


class _BatchBar(Bar):
    """A bar for the whole batch, and a line for each study that has ended."""

    def __call__(self, event: Event) -> None:
        """Take an event."""
        if event.kind == "progress" and event.stage == "study":
            self._line(event.message)
        else:
            super().__call__(event)


def _tell_warnings(warnings: list[str], listener: Listener) -> None:
    from ..events import Event

    for warning in warnings:
        listener(Event("warning", "plan", warning))


def _tell_summary(summary: Summary, listener: Listener) -> None:
    from ..events import Event

    listener(Event("result", "batch", "Done", 1.0, data=summary.to_json()))


def _show(summary: Summary, quiet: bool) -> None:
    """The failures, always; the rest unless only warnings and errors are wanted."""
    if summary.failed:
        complain(f"{len(summary.failed)} of {summary.total} studies failed:")
        for study, why in summary.failed.items():
            complain(f"  {study}: {why}")
    if quiet:
        return
    entries = summary.to_json()
    say(f"Studies:   {len(summary.done)} done, {summary.skipped} before, {len(summary.failed)} failed")
    if summary.done:
        say(f"Time:      {summary.seconds:.1f} s, {summary.per_hour:.0f} studies/hour")
    say(f"Results:   {entries['output']}")
    say(f"Volumes:   {entries['volumes']}")
    say("For research use only; not a medical device.")


def _show_plan(arguments: argparse.Namespace, studies: list[BatchStudy], settings: Settings) -> int:
    """``--dry-run``: nothing is written; 1 where a study could not be done."""
    from ..batch.batch_folder import BatchFolder
    from ..batch.plan import CANNOT, plan
    from ..events import Event

    impossible = 0
    json_lines = JsonLines() if arguments.json else None
    for planned in plan(studies, BatchFolder(arguments.output), settings, arguments.redo):
        impossible += planned.action == CANNOT
        if json_lines is not None:
            json_lines(Event("stage", "plan", f"{planned.study.id}: {planned.reason}", data=_entry(planned)))
        else:
            say("\n".join(_lines(planned)))
    return EXIT_CANNOT_SEGMENT if impossible else EXIT_DONE


def _entry(planned: PlannedStudy) -> dict[str, Any]:
    return {
        "study": planned.study.id,
        "action": planned.action,
        "reason": planned.reason,
        "source": planned.study.source,
        "files": {sequence: str(path) for sequence, path in planned.study.files.items()},
        "reasons": planned.study.reasons,
    }


def _lines(planned: PlannedStudy) -> list[str]:
    lines = [f"{planned.study.id}: {planned.action} ({planned.reason})"]
    for name in SEQUENCES:
        if name in planned.study.files:
            shown = f"{planned.study.files[name]}  ({planned.study.reasons[name]})"
            lines.append(f"    {DISPLAY_NAMES[name]:6} {shown}")
    return lines
