"""Segments a folder of studies in Slicer without a window, into one scene (.mrb) for each study.

::

    Slicer --no-splash --no-main-window --python-script HUMoRSegment/Scripts/segment_folder.py -- STUDIES OUT

This is ``humor batch``, with a scene made of each result. STUDIES is a folder of study folders, whose files
are told apart by their names, or a CSV file with the columns study, t1, t1c, t2, flair; any sequence may be
missing. OUT gets STUDY.mrb (volumes, segmentation, tables, expert maps) beside what ``humor batch`` writes:
a folder of results for each study, ``volumes.csv`` and ``records.jsonl`` (one line for every try). What is
done with the same files and choices is skipped, so the same command goes on after an interruption.
``-- --help`` lists all choices. Where no scenes are needed, ``humor batch`` alone is faster.

Exit codes: 0 all done, 1 some studies failed (they are listed), 2 wrong usage, 130 interrupted.

For research use only; not a medical device.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NoReturn

HERE = Path(__file__).resolve().parent
for place in (HERE.parent, HERE):
    if str(place) not in sys.path:
        sys.path.insert(0, str(place))

from scenes import Scenes  # noqa: E402

from humor.batch.batch import list_studies  # noqa: E402
from humor.batch.records import DONE, Record, Records  # noqa: E402
from humor.batch.state import RECORDS  # noqa: E402
from humor.cli.arguments import add_options, chosen_options, given_path  # noqa: E402
from humor.errors import (  # noqa: E402
    EXIT_CANCELLED,
    EXIT_CANNOT_SEGMENT,
    EXIT_DONE,
    EXIT_WRONG_USAGE,
    HumorError,
    UsageError,
)
from humor.events import Event  # noqa: E402
from humor.options import options_of  # noqa: E402
from HUMoRSegmentLib import adapter  # noqa: E402
from HUMoRSegmentLib.logic import HUMoRSegmentLogic  # noqa: E402
from HUMoRSegmentLib.options import Options  # noqa: E402
from HUMoRSegmentLib.run import installation  # noqa: E402
from HUMoRSegmentLib.run.process import ChildProcess  # noqa: E402

PAUSE = 0.05  # seconds between two looks at what the batch says


class _Parser(argparse.ArgumentParser):
    """Raises instead of ending Python, which would leave Slicer running."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}. '-- --help' shows the usage.")


def run(arguments: Sequence[str]) -> int:
    """Segment a folder of studies.

    Args:
        arguments: without the program's name.

    Returns:
        The exit code.
    """
    try:
        given = _parser().parse_args(arguments)
        options = chosen_options(given, Options)
        logic = HUMoRSegmentLogic()
        logic.bundle(options.model)
        _prepare(logic, options, given.install)
        return _Front(given, options).run()
    except SystemExit as end:  # argparse, after --help
        return int(end.code or EXIT_DONE)
    except KeyboardInterrupt:
        _say("Interrupted. The same command goes on where this one stopped.")
        return EXIT_CANCELLED
    except HumorError as error:
        _say(f"Error: {error}")
        return EXIT_WRONG_USAGE


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="segment_folder.py", description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "studies", type=given_path, metavar="STUDIES", help="folder of study folders, or CSV file"
    )
    parser.add_argument("output", type=given_path, metavar="OUT", help="folder for scenes and results")
    # What the module's panel has; a second run into the same scene cannot happen here.
    shown = [each for each in options_of(Options) if each.parameter and each.name != "add_result"]
    add_options(parser, shown)
    parser.add_argument(
        "--time-limit",
        default="3600",
        metavar="SECONDS",
        help="stop a study that takes longer, and continue (default: 3600; 0 for no limit)",
    )
    parser.add_argument("--again", action="store_true", help="also segment what is done")
    parser.add_argument("--install", action="store_true", help="install missing Python packages (see README)")
    return parser


def _prepare(logic: HUMoRSegmentLogic, options: Options, install: bool) -> None:
    missing = logic.missing_packages(options.model, options.device)
    if not missing:
        return
    if not install:
        raise UsageError(f"{installation.explanation(missing)}\n\nStart again with --install to do that.")
    _say(f"Installing {', '.join(missing)}")
    logic.install(options.model, options.device)


class _Front:
    """Runs ``humor batch`` and makes a scene of each study as soon as it is done."""

    def __init__(self, given: argparse.Namespace, options: Options) -> None:
        self._output: Path = given.output
        studies, _ = list_studies(given.studies, given.output)
        self._names = [study.id for study in studies]
        self._scenes = Scenes(given.output, options)
        self._failed: dict[str, str] = {}
        self._ready: set[str] = set()
        limit = ["--time-limit", given.time_limit]
        redo = ["--redo"] if given.again else []
        places = [str(given.studies), "--output", str(given.output)]
        self._command = ["batch", *places, *options.arguments("batch"), *limit, *redo, "--json"]

    def run(self) -> int:
        """To the end; the exit code."""
        for event in _events(self._command):
            if event.kind == "error":
                _say(f"Error: {event.message}")
                return int(event.data["exit_code"])
            if event.kind == "result":
                self._failed |= event.data["failed"]
            elif event.kind == "warning":
                _say(event.message)
            elif event.data.get("status") == DONE:
                self._scene(event.data, event.message)
        last = Records(self._output / RECORDS).last
        for name in self._names:  # those that were done before
            if name in last and last[name]["status"] == DONE and name not in self._ready | set(self._failed):
                self._scene(last[name], f"{name}: done before")
        _say(f"{len(self._ready)} of {len(self._names)} studies are done: {self._output}")
        if self._failed:
            _say(f"Failed: {', '.join(self._failed)}. The reasons are above, and in {RECORDS}.")
        return EXIT_CANNOT_SEGMENT if len(self._ready) < len(self._names) else EXIT_DONE

    def _scene(self, record: Record, text: str) -> None:
        """Make a study's scene unless it is there; one that fails does not stop the others."""
        study = record["study"]
        try:
            if not self._scenes.is_current(record):
                self._scenes.make(record)
        except Exception as error:  # whatever happens to one study, the others get their scenes
            self._failed[study] = str(error)
            _say(f"{study}: no scene: {error or type(error).__name__}")
            return
        self._ready.add(study)
        _say(text)


def _events(command: list[str]) -> Iterator[Event]:
    """What a ``humor`` command says until it has ended; it ends with us, too."""
    child = ChildProcess(command)
    child.start()
    said_how_it_ended = False
    try:
        while child.running:
            for event in child.poll():
                said_how_it_ended |= event.kind in ("result", "error")
                yield event
            time.sleep(PAUSE)
    finally:
        child.terminate()
        while child.running:
            child.poll()
            time.sleep(PAUSE)
    if not said_how_it_ended:
        raise HumorError(f"humor batch ended early (exit code {child.exit_code}). {child.stderr_tail()}")


def _say(text: str) -> None:
    print(text, flush=True)


def main() -> None:
    """Run with the arguments of this process, and end Slicer whatever happens."""
    code = EXIT_CANNOT_SEGMENT
    try:
        code = run([word for word in sys.argv[1:] if word != "--"])
    except Exception:
        traceback.print_exc()
    finally:
        adapter.leave(code)


if __name__ == "__main__":
    main()
