"""TensorBoard gets the same figures, and is not needed."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from humor_training.monitoring.tables import FOLDER, TensorBoard


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
