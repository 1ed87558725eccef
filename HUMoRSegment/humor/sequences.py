"""MRI sequences: their one order, their names, and the 15 non-empty subsets."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations

SEQUENCES: tuple[str, ...] = ("t1", "t1c", "t2", "flair")
"""The only order in which channels, flags and tables list the sequences."""

Flags = tuple[bool, bool, bool, bool]
"""Whether each sequence is there, in sequence order."""

DISPLAY_NAMES: dict[str, str] = {"t1": "T1", "t1c": "T1c", "t2": "T2", "flair": "FLAIR"}


def subsets() -> list[tuple[str, ...]]:
    """The 15 non-empty subsets of the four sequences, smallest first, in sequence order."""
    return [chosen for size in range(1, len(SEQUENCES) + 1) for chosen in combinations(SEQUENCES, size)]


def subset_name(names: Iterable[str]) -> str:
    """A stable name of a subset, e.g. ``t1c+flair`` (always in sequence order).

    Raises:
        ValueError: a name is not a sequence, or there is none.
    """
    wanted = set(names)
    unknown = wanted - set(SEQUENCES)
    if unknown or not wanted:
        raise ValueError(f"not a non-empty subset of {SEQUENCES}: {sorted(wanted)}")
    return "+".join(name for name in SEQUENCES if name in wanted)


def display(names: Iterable[str]) -> str:
    """A subset as people write it, e.g. ``T1c + FLAIR``."""
    wanted = set(names)
    return " + ".join(DISPLAY_NAMES[name] for name in SEQUENCES if name in wanted)


def availability(names: Iterable[str]) -> Flags:
    """Four flags in sequence order, true where the sequence is in ``names``."""
    wanted = set(names)
    t1, t1c, t2, flair = (name in wanted for name in SEQUENCES)
    return (t1, t1c, t2, flair)
