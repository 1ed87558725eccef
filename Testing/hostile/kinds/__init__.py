"""The kinds of hostility, each a module with a function ``cases`` that yields its cases, as data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

from ..case import Case
from . import (
    bundles,
    commands,
    damage,
    folders,
    geometry,
    headers,
    inspecting,
    intensities,
    layouts,
    links,
    memory,
    names,
    options,
    signals,
    state,
    streams,
    zips,
)

KINDS: dict[str, Callable[[], Iterator[Case]]] = {
    "damage": damage.cases,
    "headers": headers.cases,
    "geometry": geometry.cases,
    "intensities": intensities.cases,
    "layouts": layouts.cases,
    "inspecting": inspecting.cases,
    "names": names.cases,
    "folders": folders.cases,
    "links": links.cases,
    "state": state.cases,
    "bundles": bundles.cases,
    "zips": zips.cases,
    "commands": commands.cases,
    "options": options.cases,
    "streams": streams.cases,
    "memory": memory.cases,
    "signals": signals.cases,
}
QUICK = 104
"""Cases of the part that is run with every ``make test``."""


@cache
def all_cases() -> list[Case]:
    """All, kind by kind; every id is there once."""
    found = [case for make in KINDS.values() for case in make()]
    assert len({case.id for case in found}) == len(found), "two cases have one name"
    return found


@cache
def _by_id() -> dict[str, Case]:
    return {case.id: case for case in all_cases()}


def find_case(id_: str) -> Case:
    """The case of an id."""
    return _by_id()[id_]


def quick_cases() -> list[Case]:
    """Some of every kind, spread evenly over those that are cheap."""
    cheap = [case for case in all_cases() if case.quick and case.child is None]
    return [cheap[number * len(cheap) // QUICK] for number in range(QUICK)]
