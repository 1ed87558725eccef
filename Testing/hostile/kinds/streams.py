"""Streams without end, without reader, or without room."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from ..case import ANY, DONE, EITHER, REFUSED, REFUSED_OR_WRONG, Case, Child
from ..made_study import CHEAP, image, segment, with_flair, write_study

KIND = "streams"
DEVICES = (
    "/dev/zero",
    "/dev/urandom",
    "/dev/full",
    "/dev/stdin",
    "/dev/null",
    "/dev/tty",
    "/proc/kcore",
    "/proc/self/fd/0",
    "/proc/self/environ",
)


def _bomb(beginning: bytes, gigabytes: int) -> Callable[[Path], None]:
    """A small file that unpacks to much; its check sum would be wrong, but nobody should get there."""

    def write(path: Path) -> None:
        packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
        begin = packer.compress(beginning) + packer.flush(zlib.Z_FULL_FLUSH)
        zeros = packer.compress(bytes(1 << 24)) + packer.flush(zlib.Z_FULL_FLUSH)
        path.write_bytes(begin + zeros * (64 * gigabytes) + packer.flush())

    return write


def _sparse(beginning: bytes, size: int) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        with open(path, "wb") as file:
            file.write(beginning)
            file.truncate(size)

    return write


def cases() -> Iterator[Case]:
    """All cases of this kind."""
    good = image("flair").to_bytes()
    for name, beginning in {"image": good, "header": good[:352], "zeros": b"", "text": b"hello"}.items():
        yield Case(
            KIND,
            f"bomb behind {name}",
            with_flair(_bomb(beginning, 6), ".nii.gz"),
            codes=EITHER,
            says=("flair",),
            quick=False,
        )
        yield Case(
            KIND,
            f"terabyte behind {name}",
            with_flair(_sparse(beginning, 1 << 40)),
            codes=EITHER,
            says=("flair",),
            seconds=20,
        )
    for word in DEVICES:
        yield Case(
            KIND,
            f"image {word}",
            with_flair(lambda path, w=word: Path(w)),
            codes=REFUSED_OR_WRONG,
            within=None,
        )
        yield Case(
            KIND,
            f"folder {word}",
            lambda place, w=word: ["segment", w, "-o", str(place / "out")],
            codes=REFUSED_OR_WRONG,
            within=None,
        )
        yield Case(
            KIND,
            f"table {word}",
            lambda place, w=word: ["batch", w, "-o", str(place / "out"), *CHEAP],
            codes=REFUSED_OR_WRONG,
            within=None,
        )
        for ending in (".nii.gz", ".mha", ".nrrd", ".csv"):
            yield Case(
                KIND,
                f"link {ending} to {word}",
                lambda place, w=word, e=ending: _linked(place, w, e),
                codes=REFUSED_OR_WRONG,
                within=None,
                quick=ending == ".mha",
            )
    for name, how in {
        "stdout closed": Child(stdout="closed"),
        "stdout full": Child(stdout="full"),
        "stdout gone": Child(stdout="gone"),
        "stderr closed": Child(stderr="closed"),
        "stderr full": Child(stderr="full"),
        "both closed": Child(stdout="closed", stderr="closed"),
        "both full": Child(stdout="full", stderr="full"),
    }.items():
        commands: dict[str, Callable[[Path], list[str]]] = {
            "segment": lambda place: (write_study(place / "in"), segment(place))[1],
            "segment json": lambda place: (write_study(place / "in"), segment(place, "--json"))[1],
            "models": lambda place: ["models"],
            "help": lambda place: ["--help"],
            "wrong": lambda place: ["nosuch"],
        }
        for command, prepare in commands.items():
            yield Case(KIND, f"{name} {command}", prepare, codes=ANY | {130}, within=None, child=how)
    yield Case(
        KIND,
        "nothing wrong, as a child",
        lambda place: (write_study(place / "in"), segment(place))[1],
        codes=DONE,
        child=Child(),
    )
    yield Case(KIND, "a table that is a pipe", _pipe_table, codes=REFUSED_OR_WRONG, within=None)
    yield Case(
        KIND, "an image that is a pipe", with_flair(os.mkfifo), codes=REFUSED, within=None, says=("flair",)
    )


def _linked(place: Path, word: str, ending: str) -> list[str]:
    os.symlink(word, place / f"flair{ending}")
    if ending == ".csv":
        return ["batch", str(place / "flair.csv"), "-o", str(place / "out"), *CHEAP]
    return ["segment", "--flair", str(place / f"flair{ending}"), "-o", str(place / "out"), *CHEAP]


def _pipe_table(place: Path) -> list[str]:
    os.mkfifo(place / "table.csv")
    return ["batch", str(place / "table.csv"), "-o", str(place / "out"), *CHEAP]
