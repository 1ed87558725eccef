"""Tables grow by whole lines and come through kills, resumed trainings and new columns."""

from __future__ import annotations

import math
import sys
import time
from pathlib import Path

import pytest
import torch

from humor.errors import InputError
from humor.networks.prediction import GateWeights
from humor_training.monitoring.tables import (
    FOLDER,
    GATE_LOADS,
    HELD_OUT,
    LOSSES,
    GateLoads,
    Table,
    TensorBoard,
    mean_load,
    number,
    read_lines,
)

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


def gate(name: str, *loads: float, shape: tuple[int, int, int] = (1, 1, 1)) -> GateWeights:
    weights = torch.tensor(loads)[None, :, None, None, None].expand(2, -1, *shape)
    return GateWeights(name, tuple(f"e{index}" for index in range(len(loads))), weights)


def test_the_load_is_the_mean_over_batch_and_space() -> None:
    weights = torch.zeros(2, 2, 1, 1, 2)
    weights[:, 0] = torch.tensor([[[1.0, 0.5]], [[0.25, 0.25]]])[:, None]
    weights[:, 1] = 1.0 - weights[:, 0]
    assert mean_load(GateWeights("g", ("a", "b"), weights)).tolist() == [0.5, 0.5]


def test_the_load_is_computed_in_float32_and_without_gradient() -> None:
    weights = torch.full((1, 3, 16, 16, 16), 1 / 3, dtype=torch.bfloat16, requires_grad=True)
    load = mean_load(GateWeights("g", ("a", "b", "c"), weights))
    assert load.dtype == torch.float32 and not load.requires_grad
    assert load[0].item() == pytest.approx(1 / 3, rel=2e-3)


def test_rows_hold_the_mean_of_the_steps_since_the_last_note() -> None:
    loads = GateLoads()
    loads.add([gate("g1", 0.25, 0.75), gate("g2", 1.0, 0.0, shape=(2, 2, 2))])
    loads.add([gate("g1", 0.75, 0.25), gate("g2", 0.5, 0.5, shape=(2, 2, 2))])
    assert loads.take(50) == [
        {"step": 50, "gate": "g1", "expert": "e0", "load": 0.5},
        {"step": 50, "gate": "g1", "expert": "e1", "load": 0.5},
        {"step": 50, "gate": "g2", "expert": "e0", "load": 0.75},
        {"step": 50, "gate": "g2", "expert": "e1", "load": 0.25},
    ]
    loads.add([gate("g1", 1.0, 0.0)])
    assert [row["load"] for row in loads.take(75)] == [1.0, 0.0]


def test_a_gate_that_comes_with_a_later_phase_is_averaged_over_its_own_steps() -> None:
    loads = GateLoads()
    loads.add([])
    loads.add([gate("late", 0.25, 0.75)])
    assert [row["load"] for row in loads.take(10)] == [0.25, 0.75]


def test_a_network_without_gates_gives_no_rows() -> None:
    loads = GateLoads()
    loads.add([])
    assert loads.take(10) == []


def scalars(folder: Path, tag: str) -> list[tuple[int, float]]:
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    events = accumulator.EventAccumulator(str(folder / FOLDER))
    events.Reload()
    return [(event.step, round(event.value, 6)) for event in events.Scalars(tag)]


def test_figures_arrive_under_their_group_and_a_resumed_training_replaces_later_ones(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    first = TensorBoard(tmp_path, 0)
    for step in (25, 50, 75):
        first.add("losses", {"total": 1.0, "deep": float("nan")}, step)
    first.close()
    assert scalars(tmp_path, "losses/total") == [(25, 1.0), (50, 1.0), (75, 1.0)]
    time.sleep(1.1)  # TensorBoard orders files by the whole second in their names, then by a number as text
    resumed = TensorBoard(tmp_path, 50)
    resumed.add("losses", {"total": 0.5}, 75)
    resumed.close()
    assert scalars(tmp_path, "losses/total") == [(25, 1.0), (50, 1.0), (75, 0.5)]
    with pytest.raises(KeyError):
        scalars(tmp_path, "losses/deep")


def test_without_the_package_there_is_one_message_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)  # importing it now fails
    told: list[str] = []
    board = TensorBoard(tmp_path, 0, told.append)
    for step in range(3):
        board.add("losses", {"total": 1.0}, step)
    board.close()
    assert len(told) == 1 and "pip install tensorboard" in told[0]
    assert list(tmp_path.iterdir()) == []
