"""A process that runs cases one after the other: ``python -m hostile.worker``, fed by ``campaign.py``.

Each line on stdin is a case's id, each line on the answers' pipe a verdict. The command line's own ``main``
runs here, again and again; only the making of a segmenter is remembered, so that a case takes a fifth of a
second. A case that hangs or crashes takes this process with it, and the campaign starts another.
"""

from __future__ import annotations

import io
import json
import os
import resource
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, TextIO

from humor import pipeline
from humor.cli.main import main
from humor.output.names import REPORT
from humor.sequences import SEQUENCES

from .case import OUT, Case, Happened
from .child import run_child
from .judge import Usual, judge, photograph
from .kinds import find_case
from .made_study import segment, write_study

NOBODY = 65534
MOST_MEMORY = 8 << 30
"""Bytes of address space: a case that wants more shall fail here, not bring down the machine."""


def run_case(case: Case, place: Path) -> tuple[list[str], list[str], Happened]:
    """Prepare, run and judge one; what is wrong, the arguments, and what happened."""
    arguments: list[str] = []
    happened = Happened(0, "", "", 0.0)
    try:
        usual = None if case.within is None else _usual(case.like)
        arguments = case.prepare(place)
        before = photograph(place)
        with _surroundings(case, place):
            happened = run_child(case.child, arguments, place) if case.child else _run_here(arguments)
        return judge(case, place, arguments, happened, before, usual), arguments, happened
    except Exception as error:  # the campaign's own fault; the next case is not to suffer from it
        shown = Happened(happened.code, happened.out, happened.err + traceback.format_exc(), 0.0)
        return [f"the campaign failed: {type(error).__name__}: {error}"], arguments, shown


@cache
def _usual(sequences: tuple[str, ...]) -> Usual:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        write_study(place / "in", leave_out=[name for name in SEQUENCES if name not in sequences])
        happened = _run_here(segment(place))
        assert happened.code == 0, happened.err
        facts = json.loads((place / OUT / REPORT).read_text())
        return Usual(float(facts["volumes_ml"]["WT"]), tuple(facts["warnings"]))


def _run_here(arguments: list[str]) -> Happened:
    begin = time.monotonic()
    streams = sys.stdout, sys.stderr
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    sys.stdout, sys.stderr = out, err
    code = 1
    try:
        code = main(arguments)
    except BaseException:  # whatever it is, it should have been a message
        traceback.print_exc(file=err)
    finally:
        sys.stdout, sys.stderr = streams
    texts = [stream.buffer.getvalue().decode("utf-8", "replace") for stream in (out, err)]  # type: ignore
    return Happened(code, texts[0], texts[1], time.monotonic() - begin)


@contextmanager
def _surroundings(case: Case, place: Path) -> Iterator[None]:
    """The user's folders are the place's own; ``unprivileged`` cases run without root's rights."""
    earlier = dict(os.environ), os.getcwd()
    os.environ.update(HUMOR_MODELS=str(place / "models"), HOME=str(place), TMPDIR=str(place))
    os.chdir(place)
    rights = case.unprivileged and os.geteuid() == 0
    if rights:
        os.chmod(place, 0o755)
        for folder, folders, files in os.walk(place):
            for name in ["", *folders, *files]:
                os.chown(Path(folder) / name, NOBODY, NOBODY, follow_symlinks=False)
        os.setegid(NOBODY)
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if rights:
            os.seteuid(0)
            os.setegid(0)
        os.environ.clear()
        os.environ.update(earlier[0])
        os.chdir(earlier[1])


def _remember_segmenters() -> None:
    real = pipeline.make_segmenter
    made: dict[Any, Any] = {}

    def remembered(model: Any, options: Any) -> Any:
        key = (model.folder, model.sha256, options.device, options.decisive_hash)
        if "Resources" not in str(model.folder):
            return real(model, options)
        if key not in made:
            made[key] = real(model, options)
        return made[key]

    pipeline.make_segmenter = remembered


def _answer(answers: TextIO, id_: str) -> None:
    case = find_case(id_)
    place = tempfile.TemporaryDirectory(prefix="hostile-", ignore_cleanup_errors=True)
    with place as folder, _temporary_files_removed():
        os.chmod(folder, 0o755)
        faults, arguments, happened = run_case(case, Path(folder))
        _let_remove(Path(folder))
    facts: dict[str, object] = {"id": id_, "faults": faults, "arguments": [ascii(word) for word in arguments]}
    facts |= {"code": happened.code, "seconds": happened.seconds}
    if faults:
        facts |= {"out": happened.out[-3000:], "err": happened.err[-6000:]}
    print(json.dumps(facts), file=answers, flush=True)


@contextmanager
def _temporary_files_removed() -> Iterator[None]:
    """What a case leaves among temporary files, such as tracebacks to be reported, goes with it."""
    earlier = tempfile.tempdir, os.environ.get("TMPDIR")
    with tempfile.TemporaryDirectory(prefix="hostile-", ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o1777)  # some cases run as somebody else
        tempfile.tempdir = os.environ["TMPDIR"] = folder
        try:
            yield
        finally:
            tempfile.tempdir = earlier[0]
            os.environ.pop("TMPDIR")
            if earlier[1] is not None:
                os.environ["TMPDIR"] = earlier[1]


def _let_remove(place: Path) -> None:
    for folder, folders, _ in os.walk(place):
        for name in folders:
            path = Path(folder) / name
            if not path.is_symlink():
                path.chmod(0o755)


def work() -> None:
    """Until stdin ends."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    _remember_segmenters()
    for line in sys.stdin:
        _answer(answers, line.rstrip("\n"))


if __name__ == "__main__":
    work()
    sys.stderr.flush()
    os._exit(0)
