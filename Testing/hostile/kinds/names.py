"""Names that shells, terminals, file systems or formats mistake for something else."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from ..case import ANY, DONE, REFUSED_OR_WRONG, Case
from ..made_study import CHEAP, segment, write_study

KIND = "names"
NAMES: dict[str, str] = {
    "space": "a b",
    "leading space": " a",
    "trailing space": "a ",
    "newline": "a\nb",
    "tab": "a\tb",
    "escape": "\x1b[31mred\x1b[2J",
    "bell": "a\x07b",
    "latin-1": os.fsdecode(b"caf\xe9"),
    "half of utf-8": os.fsdecode(b"a\xe5\xa2b"),
    "chinese": "增强",
    "emoji": "🧠🧠",
    "right to left": "\u202egnp.exe",
    "combining": "e\u0301" * 20,
    "quotes": "a'b\"c",
    "dollar": "$(touch pwned)",
    "backtick": "`touch pwned`",
    "semicolon": "a;b&c|d",
    "percent": "%s%n%d",
    "format": "{0}{name}",
    "formula": "=cmd|' -C calc'!A0",
    "html": "<script>alert(1)<script>",
    "tilde": "~",
    "tilde user": "~nosuch",
    "dash": "-rf",
    "double dash": "--json",
    "dot": ".hidden",
    "dots": "...",
    "star": "*?[a]",
    "backslash": "a\\b",
    "colon": "C:",
    "device": "con",
    "long": "x" * 200,
    "long utf-8": "増" * 66,
}


def _folder(name: str) -> Callable[[Path], list[str]]:
    """The study's folder and its results' have the name."""

    def prepare(place: Path) -> list[str]:
        study = write_study(place / "in" / name)
        return ["segment", "--output", str(place / "out" / name), *CHEAP, "--", str(study)]

    return prepare


def _file(name: str, as_json: bool = False) -> Callable[[Path], list[str]]:
    def prepare(place: Path) -> list[str]:
        study = write_study(place / "in", leave_out=["flair"])
        os.rename(write_study(place / "tmp") / "flair.nii", study / f"{name}.nii")
        named = [f"--{key}={study / key}.nii" for key in ("t1", "t1c", "t2")]
        more = ["--json"] if as_json else []
        out = ["--output", str(place / "out")]
        return ["segment", *named, f"--flair={study / name}.nii", *out, *CHEAP, *more]

    return prepare


def _damaged(name: str, as_json: bool) -> Callable[[Path], list[str]]:
    def prepare(place: Path) -> list[str]:
        (place / f"{name}.nii").write_bytes(b"no image")
        more = ["--json"] if as_json else []
        return ["segment", f"--flair={place / name}.nii", "--output", str(place / "out"), *CHEAP, *more]

    return prepare


def _missing(path: str) -> Callable[[Path], list[str]]:
    return lambda place: ["segment", f"--flair={path}", "--output", str(place / "out"), *CHEAP]


def _missing_folder(path: str) -> Callable[[Path], list[str]]:
    return lambda place: ["segment", "--output", str(place / "out"), *CHEAP, "--", path]


def _output(path: str) -> Callable[[Path], list[str]]:
    def prepare(place: Path) -> list[str]:
        return ["segment", str(write_study(place / "in")), f"--output={path}", *CHEAP]

    return prepare


IMPOSSIBLE: dict[str, str] = {
    "256 bytes": "x" * 256 + ".nii",
    "long path": "/".join(["y" * 200] * 30) + ".nii",
    "255 of 3 bytes": "増" * 255 + ".nii",
    "many folders": "/".join(["a"] * 3000) + ".nii",
    "no such user": "~nosuch/t1.nii",
    "below a file": "/etc/passwd/t1.nii",
    "empty": "",
    "slashes": "///",
    "dots up": "../" * 60 + "nowhere.nii",
    "in proc": "/proc/self/mem",
    "a folder of proc": "/proc/self/fd/x.nii",
    "null device": "/dev/null",
}


def cases() -> Iterator[Case]:
    """All cases of this kind."""
    for name, text in NAMES.items():
        yield Case(KIND, f"folder {name}", _folder(text), codes=DONE, within=None)
        yield Case(KIND, f"file {name}", _file(text), codes=DONE)
        yield Case(KIND, f"damaged {name}", _damaged(text, False), within=None, codes=frozenset({1}))
    for name in ("newline", "escape", "latin-1", "half of utf-8", "right to left", "percent", "formula"):
        yield Case(KIND, f"json {name}", _file(NAMES[name], as_json=True), codes=DONE)
        yield Case(
            KIND, f"json damaged {name}", _damaged(NAMES[name], True), within=None, codes=frozenset({1})
        )
    for name, path in IMPOSSIBLE.items():
        yield Case(KIND, f"no file {name}", _missing(path), codes=REFUSED_OR_WRONG, within=None)
        yield Case(KIND, f"no folder {name}", _missing_folder(path), codes=REFUSED_OR_WRONG, within=None)
        if name not in ("slashes", "empty", "dots up", "no such user"):
            yield Case(KIND, f"no output {name}", _output(path), codes=REFUSED_OR_WRONG, within=None)
        for action in ("verify", "show"):
            yield Case(
                KIND,
                f"no model {name} {action}",
                lambda place, p=path, a=action: ["models", a, "--", p],
                codes=ANY if name in ("empty", "slashes", "dots up") else REFUSED_OR_WRONG,
                within=None,
            )
        yield Case(
            KIND,
            f"segment with model {name}",
            lambda place, p=path: _with_model(place, p),
            codes=REFUSED_OR_WRONG,
            within=None,
        )
        if name == "slashes":  # the whole disk is a folder of studies like others, but takes its time
            continue
        yield Case(
            KIND,
            f"no batch {name}",
            lambda place, p=path: ["batch", f"--output={place / 'out'}", "--", p],
            codes=ANY,
            within=None,
        )


def _with_model(place: Path, path: str) -> list[str]:
    write_study(place / "in")
    return segment(place, f"--model={path}")
