from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import pytest

from humor.errors import InputError, UsageError
from humor_training.commands import evaluate as command
from humor_training.evaluation.comparison import compare
from humor_training.evaluation.scores import write_scores
from training.evaluation.rows import MEASURES, rows

STUDENT = rows({"a": 0.8, "b": 0.5, "c": 0.2})
TEACHER = rows({"a": 0.7, "b": 0.4, "c": 0.1, "d": 0.9})


def test_differences_are_paired_so_that_patients_do_not_blur_them() -> None:
    (found,) = compare({"student": STUDENT, "teacher": TEACHER})
    assert (found.first, found.other, found.studies) == ("student", "teacher", 3)
    dice = [cell.interval for cell in found.differences if cell.measure == "dice"]
    assert all(cell.mean == pytest.approx(0.1) for cell in dice)
    assert all(cell.low == pytest.approx(0.1) and cell.high == pytest.approx(0.1) for cell in dice)
    hd95 = [cell.interval.mean for cell in found.differences if cell.measure == "hd95_mm"]
    assert hd95 == pytest.approx([-1.0] * len(hd95))


def test_means_beside_differences_are_of_the_same_studies() -> None:
    (found,) = compare({"student": STUDENT, "teacher": TEACHER})
    teacher = next(cell for cell in found.means["teacher"] if cell.measure == "dice")
    assert teacher.interval.mean == pytest.approx(0.4)


def test_models_of_other_data_cannot_be_compared() -> None:
    with pytest.raises(InputError, match="no study and subset in common"):
        compare({"one": STUDENT, "two": rows({"x": 0.5})})
    with pytest.raises(InputError, match="not measured against the same truth of a"):
        compare({"one": STUDENT, "two": [replace(row, grid="crop") for row in TEACHER]})
    with pytest.raises(InputError, match="not measured against the same truth of a"):
        compare({"one": STUDENT, "two": [replace(row, truth_ml=13.0) for row in TEACHER]})


def arguments(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    command.add_parsers(parser.add_subparsers())
    return parser.parse_args(["compare", *words])


def test_the_command_writes_page_table_and_picture(tmp_path: Path) -> None:
    paths = []
    for name, scores in (("student", STUDENT), ("teacher", TEACHER), ("other", rows({"a": 0.9, "b": 0.1}))):
        (tmp_path / name).mkdir()
        paths.append(str(tmp_path / name / "scores.csv"))
        write_scores(Path(paths[-1]), scores, MEASURES)
    args = arguments(*paths, "--output", str(tmp_path / "out"))
    args.run(args)
    page = (tmp_path / "out" / "comparison.md").read_text()
    assert "# student − teacher" in page and "# student − other" in page
    assert "**+0.100 [+0.100, +0.100]**" in page
    lines = (tmp_path / "out" / "comparison.csv").read_text().splitlines()
    assert lines[1].startswith("student,teacher,t1,WT,dice,in_truth,0.1,0.1,0.1,3")
    assert len(lines) == 1 + 2 * 16 * 3 * 2 * 2
    assert (tmp_path / "out" / "comparison.png").stat().st_size > 10_000
    with pytest.raises(UsageError, match="3 different names"):
        args = arguments(*paths, "--output", str(tmp_path / "out"), "--names", "a", "b", "a")
        args.run(args)
