"""Splits by patient, stratified by tumour size and enhancing tumour; the same for the same seed.

All studies of a patient are on one side. A stratum is a third of the patients by the volume of their tumours
(mean over their studies), with or without enhancing tumour in any of them. The order of the cases does not
matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from humor.errors import UsageError
from humor.regions import ET

from .labelled_case import LabelledCase

SIZE_CLASSES = 3

Split = tuple[list[LabelledCase], list[LabelledCase]]
"""(to learn from, held out), each in the order of the cases given."""

Stratum = tuple[bool, int]
"""Whether there is enhancing tumour, and the class of size from 0."""


@dataclass(frozen=True)
class Patient:
    """One patient among the cases.

    Attributes:
        key: the case's ``patient``, or its name where that is empty.
        studies: how many cases are theirs.
        volume: mean number of tumour voxels (1 mm³ each).
        enhancing: whether any case has enhancing tumour.
    """

    key: str
    studies: int
    volume: float
    enhancing: bool


def folds(cases: Sequence[LabelledCase], k: int, seed: int) -> list[Split]:
    """``k`` splits; each case is held out once.

    The patients of every stratum are spread over the folds as evenly as their number allows (counts differ
    by at most 1), and so are all patients together.

    Raises:
        UsageError: fewer than two folds, or fewer patients than folds.
    """
    strata = _strata(_patients(cases))
    if not 2 <= k <= len(strata):
        raise UsageError(
            f"{k} folds cannot be made of {len(strata)} patients: at least two folds, and a patient in each."
        )
    rng = np.random.default_rng(seed)
    dealt = [key for members in _by_stratum(strata).values() for key in rng.permutation(members).tolist()]
    return [_split(cases, dealt[fold::k]) for fold in range(k)]


def split(cases: Sequence[LabelledCase], held_out: int, seed: int) -> Split:
    """One split.

    Args:
        cases: all.
        held_out: how many cases to hold out; fewer where whole patients do not add up to it.
        seed: another one draws other patients.

    Raises:
        UsageError: nothing would be left to learn from.
    """
    patients = _patients(cases)
    if not 0 <= held_out < max(len(cases), 1):
        raise UsageError(f"{held_out} of {len(cases)} cases cannot be held out: some must be left.")
    rng = np.random.default_rng(seed)
    studies = {patient.key: patient.studies for patient in patients}
    held: list[str] = []
    room = held_out
    for key in _evenly(_strata(patients), rng):
        if studies[key] <= room:
            held.append(key)
            room -= studies[key]
    return _split(cases, held)


def split_by_names(cases: Sequence[LabelledCase], names: Sequence[str]) -> Split:
    """The named ones held out.

    Args:
        cases: all.
        names: of cases; or of patients, which stand for all their cases.

    Raises:
        UsageError: a name is unknown, a patient would be on both sides, or nothing is left to learn from.
    """
    keys, wanted = {_key(case) for case in cases}, set(names)
    if unknown := sorted(wanted - keys - {case.name for case in cases}):
        known = ", ".join(sorted(case.name for case in cases)[:5])
        raise UsageError(f"Held out: no case is called {', '.join(unknown)}. There are {known}, ...")
    held = {case.name for case in cases if case.name in wanted or _key(case) in wanted}
    patients = {_key(case) for case in cases if case.name in held}
    if left := sorted(case.name for case in cases if _key(case) in patients and case.name not in held):
        raise UsageError(
            f"Held out: {', '.join(left)} would be learned from, but other studies of the same patient "
            "would be held out. Name them too, or the patient."
        )
    if len(held) == len(cases):
        raise UsageError("Held out: all cases are named, and none is left to learn from.")
    return _split(cases, patients)


def _key(case: LabelledCase) -> str:
    return case.patient or case.name


def _patients(cases: Iterable[LabelledCase]) -> list[Patient]:
    """Sorted by key."""
    groups: dict[str, list[LabelledCase]] = {}
    for case in cases:
        groups.setdefault(_key(case), []).append(case)
    return [
        Patient(
            key,
            len(group),
            float(np.mean([np.count_nonzero(case.labels) for case in group])),
            any(bool((case.labels == ET).any()) for case in group),
        )
        for key, group in sorted(groups.items())
    ]


def _strata(patients: Sequence[Patient]) -> dict[str, Stratum]:
    """Patient → stratum."""
    ranked = sorted(patients, key=lambda patient: (patient.volume, patient.key))
    return {
        patient.key: (patient.enhancing, rank * SIZE_CLASSES // len(ranked))
        for rank, patient in enumerate(ranked)
    }


def _by_stratum(strata: dict[str, Stratum]) -> dict[Stratum, list[str]]:
    """Stratum → patients, both sorted."""
    groups: dict[Stratum, list[str]] = {stratum: [] for stratum in sorted(set(strata.values()))}
    for key in sorted(strata):
        groups[strata[key]].append(key)
    return groups


def _evenly(strata: dict[str, Stratum], rng: np.random.Generator) -> list[str]:
    """Patients by chance, in an order of which every beginning has its share of every stratum.

    Each stratum's patients get evenly spaced places between 0 and 1 from a random start on (systematic
    sampling, Madow & Madow 1944).
    """
    places = {}
    for members in _by_stratum(strata).values():
        start = rng.random()
        for rank, key in enumerate(rng.permutation(members).tolist()):
            places[key] = (rank + start) / len(members)
    return sorted(places, key=lambda key: (places[key], key))


def _split(cases: Iterable[LabelledCase], held: Iterable[str]) -> Split:
    """Divide by the patients that are held out."""
    chosen, every = set(held), list(cases)
    return (
        [case for case in every if _key(case) not in chosen],
        [case for case in every if _key(case) in chosen],
    )
