"""The campaign as tests: a quick part of it with all others, the whole of it with those that take minutes."""

from __future__ import annotations

import os
import sys

import pytest

from hostile.campaign import Verdict, run_cases
from hostile.case import Case
from hostile.kinds import KINDS, QUICK, all_cases, quick_cases

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="makes links, pipes and sends signals")


def test_there_are_enough_cases_of_every_kind() -> None:
    cases, quick = all_cases(), quick_cases()
    assert len(cases) >= 600 and len(quick) == len({case.id for case in quick}) == QUICK
    assert {case.kind for case in cases} == set(KINDS)
    # Cases of memory and signals are processes of their own, which take their time.
    assert {case.kind for case in quick} == set(KINDS) - {"memory", "signals"}


def test_a_hundred_cases() -> None:
    assert not faults_of(quick_cases())


@pytest.mark.heavy
def test_all_cases() -> None:
    assert not faults_of(all_cases())


def faults_of(cases: list[Case]) -> list[str]:
    found: list[str] = []

    def note(verdict: Verdict) -> None:
        if verdict.faults:
            found.append(f"{verdict.case.id}: {'; '.join(verdict.faults)}\n{verdict.shown}")

    run_cases(cases, min(2, os.cpu_count() or 1), note)
    return found
