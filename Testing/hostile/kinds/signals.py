"""Ended at any moment: nothing half written is seen, and the next run gives what an undisturbed one gives."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from signal import SIGHUP, SIGINT, SIGKILL, SIGTERM, Signals

from ..case import Case, Child
from ..made_study import segment, write_study

KIND = "signals"
KILLS = 60
LATEST = 3.0  # seconds after the start: a run takes about two


def cases() -> Iterator[Case]:
    """All cases of this kind."""
    chance = random.Random(13)
    for number in range(KILLS):
        first: Signals = (SIGKILL, SIGTERM, SIGINT, SIGHUP)[number % 4]
        when = chance.uniform(0.2, LATEST)
        kill: tuple[tuple[Signals, float], ...] = ((first, when),)
        if first is not SIGKILL and chance.random() < 0.3:
            kill += ((first, when + 0.3),)
        rerun = number % 3 != 0
        how = Child(kill=kill, rerun=rerun)
        codes = frozenset({0}) if rerun else frozenset({0, 130})
        yield Case(
            KIND,
            f"{number} {first.name} at {when:.2f} s{' and again' if rerun else ''}",
            _prepare(),
            codes=codes,
            child=how,
            seconds=120,
        )


def _prepare() -> Callable[[Path], list[str]]:
    return lambda place: segment(place) if write_study(place / "in") else []
