from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from humor.errors import InputError
from humor_training.evaluation.scores import append_scores, read_scores, write_scores
from training.evaluation.rows import MEASURES, rows


def test_rows_come_back_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    first, second = rows({"a": 0.5}), rows({"b": 0.75}, empty="b")
    write_scores(path, first, MEASURES)
    append_scores(path, second, MEASURES)
    assert read_scores(path) == first + second
    assert path.read_text().splitlines()[1] == "a,native,t1,WT,True,10,12,0.5,5"


def test_undefined_values_are_empty_cells(tmp_path: Path) -> None:
    row = rows({"a": 0.5})[0]
    write_scores(tmp_path / "s.csv", [replace(row, values={"dice": float("nan")})], ["dice"])
    assert (tmp_path / "s.csv").read_text().endswith(",12,\n")
    assert math.isnan(read_scores(tmp_path / "s.csv")[0].values["dice"])


def test_a_line_that_was_cut_off_is_an_error_unless_that_was_expected(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    write_scores(path, rows({"a": 0.5}), MEASURES)
    path.write_text(path.read_text()[:-12])
    with pytest.raises(InputError, match="row cannot be read"):
        read_scores(path)
    assert read_scores(path, cut_off=True) == rows({"a": 0.5})[:-1]


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("step,loss\n1,2\n")
    with pytest.raises(InputError, match=r"other\.csv: not a table"):
        read_scores(tmp_path / "other.csv")
    with pytest.raises(InputError, match="humor-train evaluate"):
        read_scores(tmp_path / "absent.csv")
