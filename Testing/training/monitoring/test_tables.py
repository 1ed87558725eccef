"""Tables grow by whole lines and come through kills, resumed trainings and new columns."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from humor.errors import InputError
from humor_training.monitoring.tables import GATE_LOADS, HELD_OUT, LOSSES, Table, number, read_lines

Row = dict[str, str | int | float]


def losses(step: int, **named: float) -> Row:
    return {"step": step, "seconds": 2.0 * step, "learning_rate": 1e-3, "waiting_share": 0.1, **named}


def test_a_table_starts_with_its_fixed_columns_and_then_the_named_losses(tmp_path: Path) -> None:
    table = Table(tmp_path, LOSSES, 0)
    assert (tmp_path / "losses.csv").read_text() == "step,seconds,learning_rate,waiting_share\n"
    table.add([losses(25, total=1.25, segmentation=1.0)])
    assert (tmp_path / "losses.csv").read_text().splitlines() == [
        "step,seconds,learning_rate,waiting_share,total,segmentation",
        "25,50,0.001,0.1,1.25,1",
    ]


def test_the_other_tables_have_the_columns_that_are_documented(tmp_path: Path) -> None:
    Table(tmp_path, HELD_OUT, 0).add([{"step": 5, "subset": "t1", "WT": 0.5, "TC": math.nan, "ET": 0.25}])
    Table(tmp_path, GATE_LOADS, 0).add([{"step": 5, "gate": "group1/block1", "expert": "a", "load": 1 / 3}])
    assert (tmp_path / "held_out.csv").read_text() == "step,subset,WT,TC,ET\n5,t1,0.5,,0.25\n"
    assert (tmp_path / "gate_loads.csv").read_text() == (
        "step,gate,expert,load\n5,group1/block1,a,0.333333\n"
    )


def test_a_resumed_training_writes_no_row_twice(tmp_path: Path) -> None:
    Table(tmp_path, LOSSES, 0).add([losses(step, total=1.0) for step in (25, 50, 75, 100)])
    Table(tmp_path, LOSSES, 50).add([losses(75, total=2.0), losses(100, total=2.0)])
    rows = read_lines(tmp_path, LOSSES)
    assert [(row["step"], row["total"]) for row in rows] == [
        ("25", "1"),
        ("50", "1"),
        ("75", "2"),
        ("100", "2"),
    ]


def test_a_training_from_the_start_forgets_an_older_one(tmp_path: Path) -> None:
    Table(tmp_path, LOSSES, 0).add([losses(25, total=1.0)])
    Table(tmp_path, LOSSES, 0)
    assert read_lines(tmp_path, LOSSES) == []


def test_a_loss_of_a_later_phase_becomes_a_column_of_the_whole_table(tmp_path: Path) -> None:
    table = Table(tmp_path, LOSSES, 0)
    table.add([losses(25, total=1.0)])
    table.add([losses(50, total=0.75, soft_targets=0.5)])
    table.add([losses(75, total=0.5)])
    rows = read_lines(tmp_path, LOSSES)
    assert list(rows[0]) == [*LOSSES.columns, "total", "soft_targets"]
    assert [row["soft_targets"] for row in rows] == ["", "0.5", ""]
    assert [row["total"] for row in rows] == ["1", "0.75", "0.5"]


def test_columns_of_an_earlier_sitting_stay_when_the_training_goes_on(tmp_path: Path) -> None:
    Table(tmp_path, LOSSES, 0).add([losses(25, total=1.0, balance=0.5)])
    Table(tmp_path, LOSSES, 25).add([losses(50, deep=0.25, total=1.0)])
    rows = read_lines(tmp_path, LOSSES)
    assert [(row["balance"], row["deep"]) for row in rows] == [("0.5", ""), ("", "0.25")]


@pytest.mark.parametrize("cut", ["75,150,0.001,0.1,0.9", "75,150,0.0", "7", '75,"'])
def test_a_line_that_a_kill_has_cut_is_dropped_even_where_it_looks_whole(tmp_path: Path, cut: str) -> None:
    Table(tmp_path, LOSSES, 0).add([losses(25, total=1.0), losses(50, total=1.0)])
    with (tmp_path / "losses.csv").open("a") as file:
        file.write(cut)
    assert [row["step"] for row in read_lines(tmp_path, LOSSES)] == ["25", "50"]
    table = Table(tmp_path, LOSSES, 1000)
    table.add([losses(1025, total=0.5)])
    assert [row["step"] for row in read_lines(tmp_path, LOSSES)] == ["25", "50", "1025"]


def test_damaged_lines_in_the_middle_are_dropped(tmp_path: Path) -> None:
    Table(tmp_path, HELD_OUT, 0).add([{"step": 5, "subset": "t1", "WT": 0.5, "TC": 0.5, "ET": 0.5}])
    with (tmp_path / "held_out.csv").open("ab") as file:
        file.write(b"10,t1,0.5\n\0\0\xff\xfe\n15,t1,0.5,0.5,0.5\n")
    assert [row["step"] for row in read_lines(tmp_path, HELD_OUT)] == ["5", "15"]


def test_names_with_commas_and_quotes_come_back_as_they_were(tmp_path: Path) -> None:
    name = 'a "strange", gate'
    Table(tmp_path, GATE_LOADS, 0).add([{"step": 1, "gate": name, "expert": "e", "load": 1.0}])
    assert read_lines(tmp_path, GATE_LOADS)[0]["gate"] == name


def test_a_table_of_another_kind_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "losses.csv").write_text("50,56.4,1.5911\n100,106.4,1.5075\n")
    with pytest.raises(InputError, match=r"losses\.csv.*Move it away"):
        Table(tmp_path, LOSSES, 0)
    assert (tmp_path / "losses.csv").read_text().startswith("50,56.4")


def test_an_empty_file_and_no_file_are_tables_without_rows(tmp_path: Path) -> None:
    assert read_lines(tmp_path, LOSSES) == []
    (tmp_path / "losses.csv").touch()
    assert read_lines(tmp_path, LOSSES) == []
    Table(tmp_path, LOSSES, 0).add([losses(25)])
    assert len(read_lines(tmp_path, LOSSES)) == 1


def test_no_temporary_file_is_left(tmp_path: Path) -> None:
    table = Table(tmp_path, LOSSES, 0)
    table.add([losses(25, total=1.0)])
    assert [path.name for path in tmp_path.iterdir()] == ["losses.csv"]


def test_cells_without_a_number_are_nan() -> None:
    assert number("0.25") == 0.25
    assert math.isnan(number("")) and math.isnan(number("t1"))
