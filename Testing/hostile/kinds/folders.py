"""Folders that are empty, full of other things, closed, in the way, or one another's."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

from humor.output.names import FIXED_NAMES, LABEL_MAP, REPORT, ROUTING_FOLDER

from ..case import ANY, DONE, EITHER, REFUSED, REFUSED_OR_WRONG, Case
from ..made_study import CHEAP, segment, write_study

KIND = "folders"
Make = Callable[[Path], object]


def _study(make: Make, *more: str) -> Callable[[Path], list[str]]:
    """The study's folder is what ``make`` makes of a good one."""

    def prepare(place: Path) -> list[str]:
        write_study(place / "in")
        make(place / "in")
        return segment(place, *more)

    return prepare


def _output(make: Make, *more: str) -> Callable[[Path], list[str]]:
    """The folder of results is what ``make`` makes of nothing."""

    def prepare(place: Path) -> list[str]:
        write_study(place / "in")
        make(place / "out")
        return segment(place, *more)

    return prepare


def _emptied(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


def _socket(path: Path) -> None:
    here = os.getcwd()
    os.chdir(path.parent)  # names of sockets are short
    try:
        with socket.socket(socket.AF_UNIX) as end:
            end.bind(path.name)
    finally:
        os.chdir(here)


def _of_users(name: str, content: bytes = b"an expert's own work") -> Make:
    def make(out: Path) -> None:
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_bytes(content)

    return make


def _all(*makes: Make) -> Make:
    return lambda path: [make(path) for make in makes]


STUDIES: dict[str, tuple[Make, frozenset[int]]] = {
    "empty": (_emptied, REFUSED),
    "gone": (shutil.rmtree, REFUSED_OR_WRONG),
    "a file": (_all(shutil.rmtree, lambda path: path.write_bytes(b"x")), REFUSED_OR_WRONG),
    "only text": (_all(_emptied, lambda path: (path / "notes.txt").write_text("hello")), REFUSED),
    "folders with images' names": (
        _all(_emptied, lambda path: (path / "flair.nii").mkdir()),
        REFUSED_OR_WRONG,
    ),
    "a pipe": (_all(_emptied, lambda path: os.mkfifo(path / "flair.nii")), REFUSED_OR_WRONG),
    "a socket": (_all(_emptied, lambda path: _socket(path / "flair.nii")), REFUSED_OR_WRONG),
    "other files too": (lambda path: [(path / f"note{n}.txt").touch() for n in range(300)], DONE),
    "hidden copies": (lambda path: shutil.copy(path / "t1.nii", path / "._t1.nii"), DONE),
    "a readme": (lambda path: (path / "README.md").write_text("# hello"), DONE),
    "an empty image beside": (lambda path: (path / "new_flair.nii").touch(), ANY),
    "two of a sequence": (lambda path: shutil.copy(path / "t1.nii", path / "t1_again.nii"), ANY),
    "the same twice": (lambda path: shutil.copy(path / "t1.nii", path / "t2.nii"), REFUSED_OR_WRONG),
    "deep": (lambda path: (path / "/".join(["d"] * 200)).mkdir(parents=True), DONE),
    "dicom": (_all(_emptied, lambda path: (path / "IM1.dcm").write_bytes(bytes(128) + b"DICM")), REFUSED),
    "a thousand images": (
        lambda path: [os.link(path / "t1.nii", path / f"unclear{n}.nii") for n in range(1000)],
        ANY,
    ),
}
CLOSED: dict[str, Make] = {
    "closed folder": lambda path: path.chmod(0),
    "unreadable image": lambda path: (path / "flair.nii").chmod(0),
    "listed, but closed": lambda path: path.chmod(0o444),
}


def cases() -> Iterator[Case]:
    """All cases of this kind."""
    for name, (make, codes) in STUDIES.items():
        yield Case(KIND, f"study {name}", _study(make), codes=codes, within=None)
        yield Case(
            KIND,
            f"batch {name}",
            lambda place, m=make: _batch(place, m),
            codes=EITHER | REFUSED_OR_WRONG,
            within=None,
            quick=False,
        )
    for name, make in CLOSED.items():
        yield Case(KIND, name, _study(make), codes=REFUSED_OR_WRONG, within=None, unprivileged=True)
        yield Case(
            KIND,
            f"{name} as output",
            _output(_all(write_study, make)),
            codes=DONE if name == "unreadable image" else REFUSED_OR_WRONG,
            within=None,
            unprivileged=True,
            ours=(),
        )
    for name in ("study", "image", "output", "model", "table"):
        yield Case(
            KIND,
            f"{name} behind a closed folder",
            lambda place, n=name: _behind_closed(place, n),
            codes=REFUSED_OR_WRONG,
            within=None,
            unprivileged=True,
            says=("closed",),
            quick=name != "table",
        )
    yield Case(
        KIND,
        "read-only output",
        _output(lambda out: out.mkdir(0o555)),
        codes=REFUSED,
        within=None,
        unprivileged=True,
        says=("out",),
    )
    yield Case(
        KIND,
        "output below a closed folder",
        _output(lambda out: (out.mkdir(), (out.parent / "in").chmod(0o555)), f"-o={Path('in/new')}"),
        codes=REFUSED,
        within=None,
        unprivileged=True,
    )
    for name in (*FIXED_NAMES, f"{ROUTING_FOLDER}/my_map.nii.gz", f"{ROUTING_FOLDER}/group1-block1.nii.gz"):
        yield Case(
            KIND,
            f"user's {name}",
            _output(_of_users(name), "--probabilities"),
            codes=EITHER,
            within=None,
            ours=_results_without(name),
        )
    for name in (
        ".humor.lock",
        ".humor.partial",
        ".humor.journal",
        "notes.txt",
        f"{ROUTING_FOLDER}/notes.txt",
    ):
        yield Case(
            KIND,
            f"user's {name}",
            _output(_of_users(name)),
            codes=EITHER,
            within=None,
            ours=_results_without(name),
        )
    for name in (LABEL_MAP, REPORT, ROUTING_FOLDER):
        yield Case(
            KIND,
            f"a folder called {name}",
            _output(lambda out, n=name: (out / n / "x").mkdir(parents=True)),
            codes=EITHER,
            within=None,
            ours=_results_without(name),
        )
    yield Case(
        KIND,
        "a file as output",
        _output(lambda out: out.write_bytes(b"mine")),
        codes=REFUSED,
        within=None,
        says=("out",),
        ours=(),
    )
    yield Case(
        KIND, "a pipe as output", _output(os.mkfifo), codes=REFUSED, within=None, says=("out",), ours=()
    )
    yield Case(
        KIND,
        "below a file",
        _output(lambda out: out.write_bytes(b"mine"), "-o=out/deeper"),
        codes=REFUSED,
        within=None,
        says=("out",),
        ours=(),
    )
    yield Case(
        KIND,
        "output is the study",
        lambda place: _onto_itself(place),
        codes=DONE,
        ours=_results_in("in"),
        within=None,
    )
    for name in FIXED_NAMES[:3]:
        yield Case(
            KIND,
            f"input is {name}",
            lambda place, n=name: _input_as_result(place, n),
            ours=(),
            codes=REFUSED_OR_WRONG,
            within=None,
        )
    for word in ("/proc", "/sys", "/dev/full", "/proc/self/fd", "/dev/null/x"):
        yield Case(
            KIND, f"output {word}", _output(lambda out: None, f"-o={word}"), codes=REFUSED, within=None
        )
        yield Case(
            KIND, f"sample {word}", lambda place, w=word: ["sample", w], codes=REFUSED_OR_WRONG, within=None
        )


def _behind_closed(place: Path, what: str) -> list[str]:
    write_study(place / "in")
    there = write_study(place / "closed" / "in")
    (place / "closed" / "table.csv").write_text("study,t1\na,in/t1.nii\n")
    (place / "closed").chmod(0)
    return {
        "study": ["segment", str(there), "--output", str(place / "out"), *CHEAP],
        "image": segment(place, f"--flair={there / 'flair.nii'}"),
        "output": segment(place, f"-o={place / 'closed' / 'out'}"),
        "model": segment(place, f"--model={place / 'closed' / 'model'}"),
        "table": ["batch", str(there.parent / "table.csv"), "--output", str(place / "out"), *CHEAP],
    }[what]


def _batch(place: Path, make: Make) -> list[str]:
    write_study(place / "all" / "good")
    make(write_study(place / "all" / "bad"))
    return ["batch", str(place / "all"), "--output", str(place / "out"), *CHEAP]


def _onto_itself(place: Path) -> list[str]:
    write_study(place / "in")
    return ["segment", str(place / "in"), "--output", str(place / "in"), *CHEAP]


def _input_as_result(place: Path, name: str) -> list[str]:
    write_study(place / "out", leave_out=["t1", "t1c", "t2"])
    os.rename(place / "out" / "flair.nii", place / "out" / name)
    return ["segment", f"--flair={place / 'out' / name}", "--output", str(place / "out"), *CHEAP]


def _results_without(name: str) -> tuple[str, ...]:
    return tuple(own for own in _results_in("out") if own != f"out/{name}")


def _results_in(folder: str) -> tuple[str, ...]:
    return tuple(f"{folder}/{own}" for own in FIXED_NAMES)
