"""``humor segment``: one study, given as a folder, as files, or as a folder with some files named."""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .arguments import (
    add_listening,
    add_output,
    add_run_options,
    add_study,
    files_of,
    listening,
    run_options,
)
from .terminal import say

if TYPE_CHECKING:
    from ..events import Listener
    from ..pipeline import Outcome

_EXAMPLES = """\
examples:
  humor segment STUDY_FOLDER --output OUT
  humor segment STUDY_FOLDER --t1c the_right_one.nii.gz --output OUT
  humor segment --t1c post.nii.gz --flair flair.nii.gz --output OUT
  humor segment FOUR_VOLUMES.nii.gz --channels t1,t1c,t2,flair --output OUT

Any of the four sequences may be missing. For research use only; not a medical device.
"""


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "segment",
        help="segment the tumour of one study",
        description="Segment the tumour of one study and write label map, segments, routing and report.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_study(parser)
    add_output(parser)
    add_run_options(parser, "segment")
    add_listening(parser)


def run(arguments: argparse.Namespace) -> int:
    """Segment.

    Raises:
        HumorError: see ``errors``.
    """
    with listening(arguments) as listener:
        outcome = _segment(arguments, listener)
    if not arguments.json and not arguments.quiet:
        _show(outcome.facts())
    return 0


def _segment(arguments: argparse.Namespace, listener: Listener) -> Outcome:
    from ..events import Reporter
    from ..pipeline import STAGES, segment_files

    files = files_of(arguments, listener)
    options = run_options(arguments)
    reporter = Reporter(listener, STAGES)
    return segment_files(files, arguments.output, options, reporter, elapsed=seconds_since_start())


def _show(result: dict[str, Any]) -> None:
    volumes = ", ".join(f"{key} {ml:.1f} ml" for key, ml in result["volumes_ml"].items())
    seconds = result["seconds"]
    say(f"Volumes:   {volumes}")
    say(f"Results:   {result['output']}  ({', '.join(result['files'])})")
    if result["report"]:
        say(f"Report:    {result['report']}")
    say(f"Model:     {result['model'].get('name', '')} on {result['device']}")
    say(f"Time:      label map {seconds['to_label_map']:.1f} s, everything {seconds['total']:.1f} s")
    say("For research use only; not a medical device.")


def seconds_since_start() -> float:
    """Seconds since the operating system started this process; 0 where that cannot be known.

    On Linux from ``/proc`` (proc(5): field 22 of ``stat``, ticks after boot), to about 10 ms.
    """
    try:
        after_name = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        ticks = int(after_name[22 - 3])
        return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK"))
    except (OSError, ValueError, IndexError, AttributeError):
        return 0.0
