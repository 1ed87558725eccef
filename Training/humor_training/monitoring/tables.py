"""What a training notes: append-only CSV tables that survive kills, and the same for TensorBoard."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from humor.errors import InputError
from humor.networks.prediction import GateWeights
from humor.regions import REGION_KEYS

STEP = "step"
Value = str | int | float
Line = dict[str, str]
"""A row as text: column → cell, "" where the row has no value."""


@dataclass(frozen=True)
class TableFormat:
    """A table's file name and the columns that it always has, ``step`` first."""

    name: str
    columns: tuple[str, ...]


LOSSES = TableFormat("losses.csv", (STEP, "seconds", "learning_rate", "waiting_share"))
"""One more column for each named loss."""
HELD_OUT = TableFormat("held_out.csv", (STEP, "subset", *REGION_KEYS))
GATE_LOADS = TableFormat("gate_loads.csv", (STEP, "gate", "expert", "load"))


class Table:
    """Adds rows to a table of a run's folder.

    Opening drops what a resumed training will write again (rows after ``step``) and a line that a kill
    has cut. The file is only ever replaced whole or grown by whole lines, so a reader may come at any
    time.

    Args:
        folder: the run's.
        form: which table.
        step: steps that the training has done; 0 begins a new table.

    Raises:
        InputError: the file is there but is no such table.
    """

    def __init__(self, folder: Path, form: TableFormat, step: int) -> None:
        self._path = folder / form.name
        lines = read_lines(folder, form)
        self._columns = list(lines[0]) if lines else list(form.columns)
        _replace(self._path, self._columns, [line for line in lines if int(line[STEP]) <= step])

    def add(self, rows: Sequence[Mapping[str, Value]]) -> None:
        """Append rows; a column that the table does not have yet is added to all of it.

        NaN and infinity are written as empty cells.
        """
        new = [name for row in rows for name in row if name not in self._columns]
        if new:
            self._columns += dict.fromkeys(new)
            _replace(self._path, self._columns, _parse(self._path))
        with self._path.open("a", newline="", encoding="utf-8") as file:
            # In one write: a kill between rows then leaves no half line.
            file.write(_text(self._columns, rows))


def read_lines(folder: Path, form: TableFormat) -> list[Line]:
    """All whole rows of a table, in the order in which they were written; none if there is no table.

    Raises:
        InputError: the file is there but is no such table.
    """
    path = folder / form.name
    if not path.exists() or path.stat().st_size == 0:
        return []
    with path.open(newline="", encoding="utf-8", errors="replace") as file:
        header = next(csv.reader([file.readline()]), [])
    if not set(form.columns) <= set(header):
        raise InputError(
            f"{path}: not a table of this version (columns {', '.join(form.columns)} are needed). "
            "Move it away, or give another run folder."
        )
    return _parse(path)


def number(cell: str) -> float:
    """A cell's number; NaN for an empty cell or one that is no number."""
    try:
        return float(cell)
    except ValueError:
        return math.nan


def _parse(path: Path) -> list[Line]:
    """Whole lines only: a kill can cut the last one, and half a number is a wrong number."""
    text = path.read_text(encoding="utf-8", errors="replace")
    whole = text[: text.rfind("\n") + 1]
    rows = csv.reader(io.StringIO(whole))
    header = next(rows, [])
    found = [dict(zip(header, row, strict=True)) for row in rows if len(row) == len(header)]
    return [line for line in found if line[STEP].isdecimal()]


def _replace(path: Path, columns: Sequence[str], rows: Sequence[Mapping[str, Value]]) -> None:
    partial = path.with_suffix(".partial")
    partial.write_text(_text(columns, [dict(zip(columns, columns, strict=True)), *rows]), encoding="utf-8")
    partial.replace(path)


def _text(columns: Sequence[str], rows: Sequence[Mapping[str, Value]]) -> str:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, columns, restval="", lineterminator="\n")
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return buffer.getvalue()


def _cell(value: Value) -> str:
    """Six digits are more than a curve shows, and keep the tables small."""
    if isinstance(value, float):
        return f"{value:.6g}" if math.isfinite(value) else ""
    return str(value)


def mean_load(gate: GateWeights) -> Tensor:
    """The mean weight of every expert over batch and space, ``[E]``, float32, summing to 1."""
    return gate.weights.detach().float().mean(dim=(0, 2, 3, 4))


class GateLoads:
    """Gathers the loads of many steps; sums stay on the device, so that no step waits for a copy."""

    def __init__(self) -> None:
        self._sums: dict[str, tuple[tuple[str, ...], Tensor, int]] = {}

    def add(self, routing: Iterable[GateWeights]) -> None:
        """Take in one prediction's gates. Gates may come and go with a training's phases."""
        for gate in routing:
            load = mean_load(gate)
            experts, total, count = self._sums.get(gate.name, (gate.experts, load.new_zeros(()), 0))
            self._sums[gate.name] = (experts, total + load, count + 1)

    def take(self, step: int) -> list[dict[str, Value]]:
        """Rows of ``gate_loads.csv``: the means since the last call; none if there was no gate."""
        rows: list[dict[str, Value]] = []
        for gate, (experts, total, count) in self._sums.items():
            loads = (total / count).tolist()
            rows += [
                {STEP: step, "gate": gate, "expert": expert, "load": load}
                for expert, load in zip(experts, loads, strict=True)
            ]
        self._sums = {}
        return rows


FOLDER = "tensorboard"
"""In the run's folder."""


class TensorBoard:
    """Writes scalars to ``<run>/tensorboard``; without the package it says so once and does nothing.

    Args:
        folder: the run's.
        step: steps that the training has done. What an earlier sitting wrote after it is hidden.
        tell: is given the message.
    """

    def __init__(self, folder: Path, step: int, tell: Callable[[str], None] = print) -> None:
        self._writer: Any = None
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            tell("No figures for TensorBoard: the package is not installed (pip install tensorboard).")
            return
        # TensorBoard hides events from purge_step on; those of the step itself were written before it was
        # saved and are right.
        self._writer = SummaryWriter(folder / FOLDER, purge_step=step + 1 if step else None)  # type: ignore[no-untyped-call]

    def add(self, group: str, values: Mapping[str, float], step: int) -> None:
        """Scalars ``<group>/<name>`` of a step; NaN and infinity are left out."""
        if self._writer is None:
            return
        for name, value in values.items():
            if math.isfinite(value):
                self._writer.add_scalar(f"{group}/{name}", value, step)

    def close(self) -> None:
        """Write what is still waiting."""
        if self._writer is not None:
            self._writer.close()
