"""Links: in loops, to nowhere, to devices, and in the place of what is ours."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from humor.output.names import FIXED_NAMES, ROUTING_FOLDER

from ..case import DONE, EITHER, REFUSED_OR_WRONG, Case
from ..made_study import CHEAP, segment, write_study

KIND = "links"


def _precious(place: Path) -> Path:
    folder = place / "precious"
    folder.mkdir()
    (folder / "thesis.txt").write_text("ten years of work")
    (folder / "group1-block1.nii.gz").write_text("mine")
    return folder


def _in_output(name: str, target: str) -> Callable[[Path], list[str]]:
    """A link of the name in the output folder, which leads to something precious."""

    def prepare(place: Path) -> list[str]:
        write_study(place / "in")
        _precious(place)
        link = place / "out" / name
        link.parent.mkdir(parents=True, exist_ok=True)
        os.symlink(target, link)
        return segment(place)

    return prepare


def _input(target: Callable[[Path], str]) -> Callable[[Path], list[str]]:
    """The FLAIR of the study is a link."""

    def prepare(place: Path) -> list[str]:
        write_study(place / "in", leave_out=["flair"])
        os.symlink(target(place), place / "in" / "flair.nii")
        return segment(place)

    return prepare


def _good(place: Path) -> str:
    return str(write_study(place / "elsewhere") / "flair.nii")


def _chain(place: Path) -> str:
    target = _good(place)
    for number in range(30):
        os.symlink(target, place / f"link{number}")
        target = str(place / f"link{number}")
    return target


TARGETS: dict[str, tuple[Callable[[Path], str], frozenset[int]]] = {
    "good": (_good, DONE),
    "chain": (_chain, DONE),
    "loop": (lambda place: "flair.nii", REFUSED_OR_WRONG),
    "dead": (lambda place: "nowhere.nii", REFUSED_OR_WRONG),
    "to its folder": (lambda place: ".", REFUSED_OR_WRONG),
    "null": (lambda place: "/dev/null", REFUSED_OR_WRONG),
    "zero": (lambda place: "/dev/zero", REFUSED_OR_WRONG),
    "random": (lambda place: "/dev/urandom", REFUSED_OR_WRONG),
    "stdin": (lambda place: "/dev/stdin", REFUSED_OR_WRONG),
    "memory": (lambda place: "/proc/self/mem", REFUSED_OR_WRONG),
    "another sequence": (lambda place: "t1.nii", REFUSED_OR_WRONG),
}


def cases() -> Iterator[Case]:
    """All cases of this kind."""
    for name, (target, codes) in TARGETS.items():
        yield Case(KIND, f"input {name}", _input(target), codes=codes)
    for name in (*FIXED_NAMES, ROUTING_FOLDER, ".humor.lock", ".humor.partial", ".humor.journal"):
        for what, to in {
            "file": "../precious/thesis.txt",
            "folder": "../precious",
            "dead": "../none",
        }.items():
            yield Case(KIND, f"{name} to a {what}", _in_output(name, to), codes=EITHER, within=None, ours=())
    for name in ("in", "out"):
        yield Case(
            KIND,
            f"{name} is a loop",
            lambda place, n=name: _loop(place, n),
            codes=REFUSED_OR_WRONG,
            within=None,
            ours=(),
        )
    yield Case(
        KIND,
        "out is a link to a folder",
        _out_is_a_link,
        codes=EITHER,
        within=None,
        ours=("precious/report.json", "precious/segmentation.nii.gz"),
    )
    yield Case(KIND, "a study that holds itself", _holds_itself, codes=EITHER, within=None)
    yield Case(KIND, "a batch that holds itself", _batch_holds_itself, codes=EITHER, within=None, quick=False)
    yield Case(KIND, "hard links of one file", _hard_links, codes=REFUSED_OR_WRONG, within=None)


def _loop(place: Path, name: str) -> list[str]:
    if name != "in":
        write_study(place / "in")
    os.symlink(name, place / name)
    return segment(place)


def _out_is_a_link(place: Path) -> list[str]:
    write_study(place / "in")
    os.symlink(_precious(place), place / "out")
    return segment(place)


def _holds_itself(place: Path) -> list[str]:
    os.symlink(".", write_study(place / "in") / "again")
    return segment(place)


def _batch_holds_itself(place: Path) -> list[str]:
    write_study(place / "all" / "one")
    os.symlink("..", place / "all" / "one" / "up")
    os.symlink(".", place / "all" / "here")
    return ["batch", str(place / "all"), "--output", str(place / "out"), *CHEAP]


def _hard_links(place: Path) -> list[str]:
    folder = write_study(place / "in", leave_out=["flair"])
    os.link(folder / "t1.nii", folder / "flair.nii")
    return segment(place)
