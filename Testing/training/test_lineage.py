"""Ancestors of a run, each once."""

from __future__ import annotations

from typing import Any

from humor_training.provenance import Lineage

FIRST: dict[str, Any] = {"recipe": "first", "seed": 1}
SECOND: dict[str, Any] = {"seed": 2, "start": FIRST}
THIRD: dict[str, Any] = {"seed": 3, "start": SECOND}
STUDENT: dict[str, Any] = {"seed": 4, "start": {"steps": 5, "averaged": [SECOND, THIRD]}}


def test_runs_are_listed_once_and_oldest_first() -> None:
    lineage = Lineage(STUDENT)
    assert lineage.earlier == {
        "run 1": {"recipe": "first", "seed": 1},
        "run 2": {"seed": 2, "began_with": "run 1"},
        "run 3": {"seed": 3, "began_with": "run 2"},
    }
    assert lineage.metadata == {"seed": 4, "began_with": "the mean of run 2 and run 3"}


def test_a_teacher_that_was_grown_from_this_run_says_so() -> None:
    lineage = Lineage(STUDENT)
    assert lineage.name({"seed": 6, "start": {"grown_from": STUDENT}}) == "run 4"
    assert lineage.earlier["run 4"] == {"seed": 6, "grown_from": "this run"}


def test_bundles_are_named_and_not_listed() -> None:
    bundle = {"bundle": "humor-student", "version": "5.0", "created": "2026-11-21"}
    lineage = Lineage({"seed": 1, "start": bundle, "teacher": {"seed": 2, "start": {"grown_from": bundle}}})
    assert lineage.metadata == {"seed": 1, "began_with": "humor-student 5.0", "teacher": "run 1"}
    assert lineage.earlier == {"run 1": {"seed": 2, "grown_from": "humor-student 5.0"}}


def test_a_mean_names_its_runs() -> None:
    lineage = Lineage({"steps": 9, "averaged": [SECOND, THIRD]})
    assert lineage.metadata == {"steps": 9, "weights": "the mean of run 2 and run 3"}
    assert list(lineage.earlier) == ["run 1", "run 2", "run 3"]


def test_a_run_from_nothing_has_no_ancestors() -> None:
    lineage = Lineage({"seed": 1})
    assert (lineage.metadata, lineage.earlier) == ({"seed": 1}, {})
