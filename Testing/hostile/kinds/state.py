"""What earlier runs left, damaged: reports, journals, locks, records; and tables of studies."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from tempfile import gettempdir, mkdtemp
from typing import Any

from humor.batch.state import OWN_FILES, RECORDS, STATE_FOLDER, VOLUMES
from humor.output.names import LABEL_MAP, REPORT
from humor.output.ownership import FILES, SEAL, sealed

from ..case import ANY, EITHER, Case
from ..made_study import CHEAP, segment, write_study

KIND = "state"
LASTING = gettempdir()
"""For what serves several cases; each case has a folder of temporary files of its own meanwhile."""
Damage = Callable[[Path], object]

CONTENTS: dict[str, bytes] = {
    "nothing": b"",
    "half": b'{"schema": "humor-report/1", "vol',
    "no text": b"\xff\xfe\x00\x01",
    "a list": b"[1, 2, 3]",
    "null": b"null",
    "a number": b"1e400",
    "deep": b"[" * 100_000,
    "long": b" " * 30_000_000,
    "a huge number": b'{"a": 1' + b"0" * 6000 + b"}",
    "NaN": b'{"files": NaN}',
    "lone surrogate": b'{"schema": "\\ud800"}',
    "zeros": bytes(4096),
}
FIELDS: dict[str, Any] = {
    FILES: [
        None,
        [],
        "x",
        {"../../in/t1.nii": {"sha256": "0"}},
        {"": {}},
        {"/etc/passwd": {"sha256": 1}},
        {LABEL_MAP: None},
        {LABEL_MAP: {"sha256": ["x"]}},
        {"a\0b": {}},
    ],
    "outputs": [None, "x", [1], ["../../in/t1.nii"], ["/etc/passwd"], [None]],
    "schema": [None, 7, "other/9"],
    "created": [None, "yesterday", 10**400],
    "inputs": [None, [], {"t1": None}],
    "volumes_ml": [None, {"WT": "x"}, {"WT": 1e400}],
    "labels_ml": [None, [None], [{"value": "x"}]],
    "seconds": [None, 10**400],
}


@cache
def _finished() -> Path:
    """A folder with the results of a run."""
    from humor.cli.main import main

    place = Path(mkdtemp(prefix="hostile-state-", dir=LASTING))
    write_study(place / "in")
    assert main(segment(place, "--quiet")) == 0
    return place / "out"


@cache
def _finished_batch() -> Path:
    from humor.cli.main import main

    place = Path(mkdtemp(prefix="hostile-batch-", dir=LASTING))
    for name in ("a", "b"):
        write_study(place / "all" / name)
    assert main(["batch", str(place / "all"), "--output", str(place / "out"), *CHEAP, "--quiet"]) == 0
    return place / "out"


def _again(damage: Damage) -> Callable[[Path], list[str]]:
    def prepare(place: Path) -> list[str]:
        write_study(place / "in")
        shutil.copytree(_finished(), place / "out", symlinks=True)
        damage(place / "out")
        return segment(place)

    return prepare


def _batch_again(damage: Damage, *more: str) -> Callable[[Path], list[str]]:
    def prepare(place: Path) -> list[str]:
        for name in ("a", "b"):
            write_study(place / "all" / name)
        shutil.copytree(_finished_batch(), place / "out", symlinks=True)
        damage(place / "out")
        return ["batch", str(place / "all"), "--output", str(place / "out"), *CHEAP, *more]

    return prepare


def _content(name: str, data: bytes) -> Damage:
    def write(out: Path) -> None:
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_bytes(data)

    return write


def _field(field: str, value: object, seal: bool = True) -> Damage:
    """A field of the report with another value, sealed as if it were ours, or as version 0.1.0 wrote it."""

    def write(out: Path) -> None:
        facts = json.loads((out / REPORT).read_text())
        facts[field] = value
        del facts[SEAL]
        if seal:
            (out / REPORT).write_text(sealed(facts), encoding="utf-8", errors="backslashreplace")
        else:
            facts.pop(FILES, None)
            (out / REPORT).write_text(json.dumps(facts))

    return write


def _all_state(out: Path, data: bytes) -> None:
    for path in (out / STATE_FOLDER).rglob("*"):
        if path.is_file():
            path.write_bytes(data)


TABLES: dict[str, bytes] = {
    "empty": b"",
    "no columns": b"a,b,c\n1,2,3\n",
    "latin-1": b"study,t1\ncaf\xe9,all/a/t1.nii\n",
    "utf-16": "study,t1\na,all/a/t1.nii\n".encode("utf-16"),
    "nul": b"study,t1\na\0b,all/a/t1.nii\n",
    "no end of a quote": b'study,t1\n"a,all/a/t1.nii\n',
    "a field of a megabyte": b"study,t1\n" + b"a" * 1_000_000 + b",all/a/t1.nii\n",
    "too many cells": b"study,t1\na,all/a/t1.nii,,,,,,,\n",
    "too few cells": b"study,t1,t2\na\n",
    "the same study twice": b"study,t1\na,all/a/t1.nii\na,all/a/t1.nii\n",
    "studies outside": b"study,t1\n../../x,all/a/t1.nii\n",
    "an absolute study": b"study,t1\n/etc/x,all/a/t1.nii\n",
    "no such file": b"study,t1\na,nowhere.nii\n",
    "no such user": b"study,t1\na,~nosuch/t1.nii\n",
    "a device": b"study,t1\na,/dev/zero\n",
    "a long path": b"study,t1\na," + b"x/" * 3000 + b"t1.nii\n",
    "a long study": b"study,t1\n" + b"x" * 300 + b",all/a/t1.nii\n",
    "a formula": b"study,t1\n=1+1,all/a/t1.nii\n",
    "columns twice": b"study,t1,t1\na,all/a/t1.nii,all/a/t1.nii\n",
    "only blank lines": b"\n\n\n",
    "binary": bytes(range(256)) * 20,
}


def cases() -> Iterator[Case]:
    """All cases of this kind."""
    for name, data in CONTENTS.items():
        for file in (REPORT, ".humor.journal", ".humor.lock"):
            ours = ("out",) if file != REPORT else ()
            yield Case(
                KIND, f"{file} is {name}", _again(_content(file, data)), codes=EITHER, within=None, ours=ours
            )
    for field, values in FIELDS.items():
        for number, value in enumerate(values):
            for seal in (True, False):
                yield Case(
                    KIND,
                    f"{REPORT} {field} {number}{' as of 0.1.0' * (not seal)}",
                    _again(_field(field, value, seal)),
                    codes=EITHER,
                    within=None,
                    ours=("out",),
                )
    corrected = _content(LABEL_MAP, b"corrected by an expert")
    yield Case(
        KIND, "corrected", _again(corrected), codes=frozenset({1}), within=None, ours=(), says=(LABEL_MAP,)
    )
    yield Case(KIND, "undisturbed", _again(lambda out: None), codes=frozenset({0}))
    for name, data in TABLES.items():
        yield Case(
            KIND, f"table {name}", lambda place, d=data: _table(place, d), codes=ANY, within=None, quick=False
        )
        yield Case(
            KIND, f"plan {name}", lambda place, d=data: _table(place, d, "--dry-run"), codes=ANY, within=None
        )
    for name in ("nothing", "no text", "deep", "a huge number", "zeros"):
        for file in (RECORDS, VOLUMES, f"{STATE_FOLDER}/{OWN_FILES}", f"a/{REPORT}"):
            yield Case(
                KIND,
                f"batch {file} is {name}",
                _batch_again(_content(file, CONTENTS[name])),
                codes=EITHER,
                within=None,
                ours=("out",),
                quick=False,
            )
    for field in (FILES, "inputs", "volumes_ml", "labels_ml", "seconds", "created"):
        for number, value in enumerate(FIELDS[field][:2]):
            yield Case(
                KIND,
                f"batch a/{REPORT} {field} {number}",
                _batch_again(lambda out, f=field, v=value: _field(f, v)(out / "a")),
                codes=EITHER,
                within=None,
                ours=("out",),
                quick=False,
            )
    for name in CONTENTS:
        yield Case(
            KIND,
            f"batch all of its state is {name}",
            _batch_again(lambda out, d=CONTENTS[name]: _all_state(out, d)),
            codes=EITHER,
            within=None,
            ours=("out",),
            quick=False,
        )
    for name, damage in {
        "no state": lambda out: shutil.rmtree(out / STATE_FOLDER),
        "state is a link": lambda out: (
            shutil.rmtree(out / STATE_FOLDER),
            os.symlink("/tmp", out / STATE_FOLDER),
        ),
        "records are a folder": lambda out: ((out / RECORDS).unlink(), (out / RECORDS).mkdir()),
        "records are a pipe": lambda out: ((out / RECORDS).unlink(), os.mkfifo(out / RECORDS)),
    }.items():
        yield Case(
            KIND, f"batch {name}", _batch_again(damage), codes=EITHER, within=None, ours=("out",), quick=False
        )


def _table(place: Path, data: bytes, *more: str) -> list[str]:
    write_study(place / "all" / "a")
    (place / "table.csv").write_bytes(data)
    return ["batch", str(place / "table.csv"), "--output", str(place / "out"), *CHEAP, *more]
