"""The other commands: ``batch`` over hostile studies, ``influence`` and ``sample`` in hostile places."""

from __future__ import annotations

import csv
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from humor.batch.state import VOLUMES
from humor.output.names import LABEL_MAP

from ..case import DONE, REFUSED, REFUSED_OR_WRONG, WRONG_USAGE, Case, Happened
from ..made_study import CHEAP, image, write_study
from .names import NAMES

KIND = "commands"
Make = Callable[[Path], object]
INFLUENCE = ("--device", "cpu")

# Studies of one batch, none of which can be segmented.
BAD: dict[str, Make] = {
    "empty_image": lambda path: (path / "flair.nii").write_bytes(b""),
    "text": lambda path: (path / "flair.nii").write_text("hello"),
    "cut": lambda path: (path / "flair.nii").write_bytes(image("flair").to_bytes()[:9000]),
    "twice": lambda path: shutil.copy(path / "t1.nii", path / "t2.nii"),
    "dead": lambda path: ((path / "flair.nii").unlink(), os.symlink("nowhere", path / "flair.nii")),
    "loop": lambda path: ((path / "flair.nii").unlink(), os.symlink("flair.nii", path / "flair.nii")),
    "device": lambda path: ((path / "flair.nii").unlink(), os.symlink("/dev/zero", path / "flair.nii")),
    "pipe": lambda path: ((path / "flair.nii").unlink(), os.mkfifo(path / "flair.nii")),
    "two_fit": lambda path: shutil.copy(path / "t1.nii", path / "t1_again.nii"),
    "elsewhere": lambda path: (path / "flair.nii").write_bytes(_elsewhere()),
    "terabyte": lambda path: os.truncate(path / "flair.nii", 1 << 40),
}


def _elsewhere() -> bytes:
    made = image("flair")
    made.affine[0, 3] += 1e5
    return bytes(type(made)(made.dataobj, made.affine).to_bytes())


def _batch(place: Path, *more: str) -> list[str]:
    return ["batch", str(place / "all"), "--output", str(place / "out"), *CHEAP, *more]


def _bad_ones(place: Path) -> list[str]:
    for name, make in BAD.items():
        make(write_study(place / "all" / name))
    write_study(place / "all" / "good")
    return _batch(place)


def _only_the_good(place: Path, happened: Happened) -> list[str]:
    done = sorted(path.parent.name for path in (place / "out").glob(f"*/{LABEL_MAP}"))
    untold = [name for name in BAD if name not in happened.err]
    faults = [] if done == ["good"] else [f"results of {done}, not of the good study alone"]
    return faults + [f"no word about {name}" for name in untold]


def _names(place: Path) -> list[str]:
    """One sequence each: what matters is what becomes of the names."""
    for text in NAMES.values():
        if text not in ("~", "..."):
            write_study(place / "all" / f"{text} ", leave_out=("t1", "t1c", "t2"))
    return _batch(place, "--no-report")


def _neutral(place: Path, happened: Happened) -> list[str]:
    """No cell of the table is a formula, and every study is in it."""
    with open(place / "out" / VOLUMES, encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    acting = [cell for row in rows for cell in row if cell.startswith(("=", "@", "+", "\t", "\r"))]
    count = len(os.listdir(os.fsencode(place / "all")))
    faults = [f"a cell that acts: {cell!r}" for cell in acting]
    return faults if len(rows) > 1 else [*faults, f"{len(rows) - 1} of {count} studies are in {VOLUMES}"]


def _called(name: str) -> Callable[[Path], list[str]]:
    def prepare(place: Path) -> list[str]:
        write_study(place / "all" / name, leave_out=("t1", "t1c", "t2"))
        write_study(place / "all" / "good", leave_out=("t1", "t1c", "t2"))
        return _batch(place)

    return prepare


def _influence(make: Make, *more: str) -> Callable[[Path], list[str]]:
    """The study, or what lies where results go, is what ``make`` makes of it."""

    def prepare(place: Path) -> list[str]:
        write_study(place / "in")
        make(place)
        return ["influence", str(place / "in"), "--output", str(place / "out"), *INFLUENCE, *more]

    return prepare


def _only_t1c(place: Path) -> None:
    shutil.rmtree(place / "in")
    write_study(place / "in", leave_out=("t1", "t2", "flair"))


def _link_to_input(place: Path) -> None:
    (place / "out").mkdir()
    os.symlink("../in/t1.nii", place / "out" / "influence.csv")


def _mine(name: str) -> Make:
    return lambda place: ((place / "out").mkdir(), (place / "out" / name).write_text("mine"))


def cases() -> Iterator[Case]:
    """All cases of this kind."""
    yield Case(
        KIND,
        "one good study among bad ones",
        _bad_ones,
        codes=REFUSED,
        within=None,
        check=_only_the_good,
        quick=False,
    )
    yield Case(
        KIND, "names of studies", _names, codes=DONE | REFUSED, within=None, check=_neutral, quick=False
    )
    for name in ("records.jsonl", "volumes.csv", ".humor", "con", "a" * 250, "=1+1", "..nii", "-o"):
        yield Case(
            KIND, f"a study called {name[:20]}", _called(name), codes=DONE | REFUSED, within=None, quick=False
        )
    influences: dict[str, tuple[Make, frozenset[int]]] = {
        "damaged": (lambda place: BAD["cut"](place / "in"), REFUSED),
        "of one": (_only_t1c, REFUSED_OR_WRONG),
        "of none": (lambda place: shutil.rmtree(place / "in"), REFUSED_OR_WRONG),
        "onto a file": (lambda place: (place / "out").write_text("mine"), REFUSED),
        "onto a loop": (lambda place: os.symlink("out", place / "out"), REFUSED),
        "of a user's table": (_mine("influence.csv"), REFUSED),
        "of a user's facts": (_mine("influence.json"), REFUSED),
        "of a link": (_link_to_input, WRONG_USAGE),
    }
    for name, (make, codes) in influences.items():
        for more in ((), ("--json",)):
            yield Case(
                KIND,
                f"influence {name}{' as json' * bool(more)}",
                _influence(make, *more),
                codes=codes,
                within=None,
                ours=(),
            )
    yield Case(KIND, "influence of all", _influence(lambda place: None), codes=DONE, within=None, quick=False)
    for word in ("", "x" * 300, "/proc/x", "/dev/null", "in/t1.nii"):
        yield Case(
            KIND,
            f"sample to {word[:12]}",
            lambda place, w=word: (write_study(place / "in"), ["sample", w, "--json"])[1],
            codes=REFUSED_OR_WRONG,
            within=None,
        )
