"""Calls that are wrong, strange, or nearly right."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..case import ANY, DONE, REFUSED_OR_WRONG, WRONG_USAGE, Case
from ..made_study import segment, write_study

KIND = "options"
# After a call that would be good; the last of two options counts.
WRONG: list[tuple[str, ...]] = [
    ("--window", word)
    for word in ("0", "-16", "15", "1e2", "nan", "", "９６", "²", "1" * 5000, "whole96", "16.0")
]
WRONG += [
    ("--device", word) for word in ("gpu", "cuda:-1", "cuda:x", "cpu:0", "", "CPU ", "cuda:" + "9" * 5000)
]
WRONG += [("--precision", word) for word in ("fp64", "int8", "")]
WRONG += [("--reference", word) for word in ("t3", "", "T1")]
WRONG += [
    ("--nosuch",),
    ("--json=yes",),
    ("--mirror", "x"),
    ("extra", "words"),
    ("--flair",),
    ("--", "x", "y"),
]
NOTHING: list[list[str]] = [
    ["nosuch"],
    ["Segment"],
    ["segment"],
    ["segment", "--output"],
    ["segment", "-o", ""],
    ["segment", ".", "-o", ""],
    ["segment", "", "-o", "x"],
    ["batch", "", "-o", "x"],
    ["batch", ".", "-o", ""],
    ["inspect", ""],
    ["models", "import", ""],
    ["models", "export", "humor-student", ""],
    ["batch"],
    ["sample"],
    ["models", "nosuch"],
    ["models", "import"],
    ["models", "export", "humor-student"],
    ["influence"],
    [""],
    ["models", "remove", "../.."],
    ["models", "show", "/"],
    ["doctor", "--device", "gpu"],
    ["sample", "x", "--seed", "x"],
    ["\ud800"],
    ["segment", "\udcff"],
    ["--json"],
    ["--js"],
    ["segment", "--json"],
    ["segment", "--js"],
    ["sample", "x", "--seed", "9" * 5000],
    ["batch", "x", "-o", "y", "--workers", "0"],
    ["batch", "x", "-o", "y", "--workers", "9" * 400],
    ["batch", "x", "-o", "y", "--workers", "-1"],
    ["batch", "x", "-o", "y", "--time-limit", "nan"],
    ["batch", "x", "-o", "y", "--time-limit", "-1"],
    ["batch", "x", "-o", "y", "--time-limit", "1e400"],
    ["batch", "x", "-o", "y", "--retries", "-1"],
    ["batch", "x", "-o", "y", "--devices", ""],
    ["batch", "x", "-o", "y", "--devices", "cpu,cpu"],
]
FINE: list[list[str]] = [
    [],
    ["--help"],
    ["--version"],
    ["segment", "--help"],
    ["models"],
    ["models", "--json"],
    ["models", "where"],
    ["models", "list", "--json"],
]


def cases() -> Iterator[Case]:
    """All cases of this kind."""
    for number, words in enumerate(WRONG):
        for more in ((), ("--json",)):
            name = ascii(" ".join(words))[:30]
            yield Case(
                KIND,
                f"segment{' --json' * bool(more)} {number} {name}",
                lambda place, w=(*more, *words): _after_good(place, *w),
                codes=ANY if words[0] == "--device" else WRONG_USAGE,
                within=None,
            )
    for number, line in enumerate(NOTHING):
        yield Case(
            KIND,
            f"{number} {ascii(' '.join(line))[:40]}",
            lambda place, w=line: list(w),
            codes=ANY if line in (["--json"], ["--js"]) else REFUSED_OR_WRONG,
            within=None,
        )
    for line in FINE:
        yield Case(KIND, f"fine {' '.join(line)}", lambda place, w=line: list(w), codes=DONE, within=None)
    for word in ("seed 0", "seed -1", "seed 99999999999999999999"):
        yield Case(
            KIND,
            f"sample {word}",
            lambda place, w=word: ["sample", str(place / "out"), f"--seed={w[5:]}"],
            codes=ANY,
            within=None,
            quick=False,
        )


def _after_good(place: Path, *words: str) -> list[str]:
    write_study(place / "in")
    return segment(place, *words)
