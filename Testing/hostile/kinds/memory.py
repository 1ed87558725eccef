"""Too little memory: every amount ends with a result or with an error that says what is needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from humor.bundle.store import DEFAULT_BUNDLE

from ..case import EITHER, Case, Child
from ..made_study import segment, write_study

KIND = "memory"
MB = 1 << 20
AMOUNTS = (
    300,
    500,
    700,
    800,
    900,
    1000,
    1100,
    1200,
    1300,
    1400,
    1500,
    1600,
    1800,
    2000,
    2200,
    2500,
    3000,
    4000,
)


def cases() -> Iterator[Case]:
    """All cases of this kind: address space in megabytes, which holds all libraries too."""
    for amount in AMOUNTS:
        for name, more in {"": (), " report": ("--mirror",)}.items():
            yield Case(
                KIND,
                f"segment{name} {amount} MB",
                _segment(*more),
                codes=EITHER,
                says=("emory",),
                child=Child(memory=amount * MB),
                seconds=120,
            )
    for amount in (400, 700, 1000):
        yield Case(
            KIND,
            f"models {amount} MB",
            lambda place: ["models"],
            codes=EITHER,
            within=None,
            says=("emory",),
            child=Child(memory=amount * MB),
        )
        yield Case(
            KIND,
            f"export {amount} MB",
            lambda place: ["models", "export", DEFAULT_BUNDLE, str(place / "out.zip")],
            codes=EITHER,
            within=None,
            says=("emory",),
            child=Child(memory=amount * MB),
        )


def _segment(*more: str) -> Callable[[Path], list[str]]:
    return lambda place: segment(place, *more) if write_study(place / "in") else []
