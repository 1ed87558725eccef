"""Segments a folder of studies in Slicer without a window, into one scene (.mrb) for each study.

::

    Slicer --no-splash --no-main-window --python-script HUMoRSegment/Scripts/segment_folder.py -- STUDIES OUT

STUDIES is a folder of study folders, whose files are told apart by their names, or a CSV file with
the columns study, t1, t1c, t2, flair, as for ``humor batch``; any sequence may be missing. OUT gets
STUDY.mrb (volumes, segmentation, tables, expert maps), ``volumes.csv`` and ``records.jsonl`` (one
line for every try). Studies that are done with the same files and choices are skipped, so the same
command goes on after an interruption. ``-- --help`` lists all choices. For thousands of studies
without scenes, ``humor batch`` is faster.

Exit codes: 0 all done, 1 some studies failed (they are listed), 2 wrong usage, 130 interrupted.

For research use only; not a medical device.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

HERE = Path(__file__).resolve().parent
for place in (HERE.parent, HERE):
    if str(place) not in sys.path:
        sys.path.insert(0, str(place))

from scene_records import SceneRecords  # noqa: E402
from study_scene import segment_into_scene  # noqa: E402

from humor.batch.state import RECORDS, stats_of  # noqa: E402
from humor.batch.studies import BatchStudy  # noqa: E402
from humor.batch.study_folders import find_studies  # noqa: E402
from humor.batch.study_table import read_table  # noqa: E402
from humor.errors import (  # noqa: E402
    EXIT_CANCELLED,
    EXIT_CANNOT_SEGMENT,
    EXIT_DONE,
    EXIT_WRONG_USAGE,
    HumorError,
    InputError,
    UsageError,
)
from humor.sequences import SEQUENCES  # noqa: E402
from HUMoRSegmentLib import adapter  # noqa: E402
from HUMoRSegmentLib.logic import HUMoRSegmentLogic  # noqa: E402
from HUMoRSegmentLib.options import Options  # noqa: E402
from HUMoRSegmentLib.run import installation  # noqa: E402


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
        options = Options(
            model=given.model,
            device=given.device,
            reference=given.reference,
            mirror=given.mirror,
            register=given.register,
            label_map=given.label_map,
        )
        studies = _studies(given.studies, given.output)
        logic = HUMoRSegmentLogic()
        settings = {**vars(options), "model": logic.bundle(options.model).sha256}
        records = SceneRecords(given.output, [study.id for study in studies], settings)
        _prepare(logic, options, given.install)
    except SystemExit as end:  # argparse, after --help
        return int(end.code or EXIT_DONE)
    except HumorError as error:
        _say(f"Error: {error}")
        return EXIT_WRONG_USAGE
    try:
        return _segment_all(logic, studies, records, options, given)
    except KeyboardInterrupt:
        _say("Interrupted. The same command goes on where this one stopped.")
        return EXIT_CANCELLED
    except HumorError as error:  # not of one study: nothing can be recorded any more
        _say(f"Error: {error}")
        return EXIT_CANNOT_SEGMENT


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="segment_folder.py", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("studies", type=Path, metavar="STUDIES", help="folder of study folders, or CSV file")
    parser.add_argument("output", type=Path, metavar="OUT", help="folder for scenes, table and records")
    parser.add_argument("--model", default="", metavar="NAME", help="an installed model, or a folder")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:N or mps")
    parser.add_argument("--reference", default="", choices=SEQUENCES, help="the grid of the results")
    parser.add_argument("--mirror", action="store_true", help="a little better, the network runs twice")
    parser.add_argument("--register", action="store_true", help="align the sequences with each other first")
    parser.add_argument("--label-map", action="store_true", help="also make the BraTS label map")
    parser.add_argument(
        "--time-limit",
        type=float,
        default=3600.0,
        metavar="SECONDS",
        help="give up a study that takes longer, and go on (default: 3600; 0 for no limit)",
    )
    parser.add_argument("--again", action="store_true", help="also segment what is done")
    parser.add_argument("--install", action="store_true", help="install missing Python packages (see README)")
    return parser


def _studies(place: Path, output: Path) -> list[BatchStudy]:
    if not place.is_file():
        return find_studies(place, output)
    studies, warnings = read_table(place)
    for warning in warnings:
        _say(f"Warning: {warning}")
    return studies


def _prepare(logic: HUMoRSegmentLogic, options: Options, install: bool) -> None:
    missing = logic.missing_packages(options.model, options.device)
    if not missing:
        return
    if not install:
        raise UsageError(f"{installation.explanation(missing)}\n\nStart again with --install to do that.")
    _say(f"Installing {', '.join(missing)}")
    logic.install(options.model, options.device)


def _segment_all(
    logic: HUMoRSegmentLogic,
    studies: list[BatchStudy],
    records: SceneRecords,
    options: Options,
    given: argparse.Namespace,
) -> int:
    """Go through all studies; one that fails does not stop the others."""
    failed = []
    for number, study in enumerate(studies, 1):
        good, text = _segment_one(logic, study, records, options, given)
        failed += [] if good else [study.id]
        _say(f"[{number}/{len(studies)}] {study.id}: {text}")
    _say(f"{len(studies) - len(failed)} of {len(studies)} studies are done: {records.folder}")
    if failed:
        _say(f"Failed: {', '.join(failed)}. The reasons are in {RECORDS}.")
    return EXIT_CANNOT_SEGMENT if failed else EXIT_DONE


def _segment_one(
    logic: HUMoRSegmentLogic,
    study: BatchStudy,
    records: SceneRecords,
    options: Options,
    given: argparse.Namespace,
) -> tuple[bool, str]:
    """Whether a study is done, and what to say about it."""
    begin, inputs = time.monotonic(), {}
    try:
        if study.problem:
            raise InputError(study.problem)
        inputs = stats_of(study.files)
        if not given.again and records.is_done(study.id, inputs):
            return True, "done before"
        records.refuse_foreign(study.id)
        limit = given.time_limit or None
        facts = segment_into_scene(logic, study.id, study.files, records, options, limit)
    except Exception as error:  # whatever happens to one study, the others are segmented
        records.add_failed(study.id, inputs, round(time.monotonic() - begin, 3), error)
        return False, f"failed: {error or type(error).__name__}"
    seconds = round(time.monotonic() - begin, 3)
    records.add_done(study.id, inputs, seconds, facts)
    volumes = ", ".join(f"{region} {ml:.1f} ml" for region, ml in facts["volumes_ml"].items())
    return True, f"{volumes} ({seconds:.0f} s)"


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
