from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from HUMoRSegmentLib.panel.run import what_is_missing


def choices(**changed: Any) -> Any:
    nothing = dict.fromkeys(("t1", "t1c", "t2", "flair"))
    return SimpleNamespace(**{**nothing, "reference": "", "register_first": False, **changed})


def test_nothing_is_missing_with_one_sequence_and_a_good_model() -> None:
    assert what_is_missing(choices(t2=object()), [], "") == ""


def test_without_a_sequence_the_line_names_all_four() -> None:
    line = what_is_missing(choices(), [], "")
    assert all(name in line for name in ("T1", "T1c", "T2", "FLAIR"))


def test_a_grid_of_a_sequence_that_is_not_chosen_is_named() -> None:
    assert "T1c" in what_is_missing(choices(t2=object(), reference="t1c"), [], "")
    assert what_is_missing(choices(t2=object(), reference="t2"), [], "") == ""


def test_the_problem_of_the_model_comes_before_those_of_the_volumes() -> None:
    assert what_is_missing(choices(t2=object()), ["T2: too small"], "no model") == "no model"
    assert what_is_missing(choices(t2=object()), ["T2: too small"], "") == "T2: too small"


def test_aligning_may_mend_what_is_wrong_with_the_volumes() -> None:
    assert what_is_missing(choices(t2=object(), register_first=True), ["T2: far away"], "") == ""


def test_without_a_scene_nothing_can_run() -> None:
    assert what_is_missing(None, [], "") != ""
