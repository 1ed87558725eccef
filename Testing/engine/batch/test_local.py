from __future__ import annotations

import pytest

from humor.batch import local
from humor.batch.local import room_warnings
from humor.memory.available import CONTAINER, Memory

GB = 10**9


@pytest.mark.parametrize(("free", "workers", "enough"), [(16, 8, 8), (4, 8, 5), (0.5, 2, 1), (0.5, 1, 1)])
def test_more_workers_than_there_is_room_for_are_warned_of(
    monkeypatch: pytest.MonkeyPatch, free: float, workers: int, enough: int
) -> None:
    monkeypatch.setattr(local, "main_memory", lambda: Memory(16 * GB, int(free * GB), CONTAINER))
    told = room_warnings(workers)
    if workers <= enough:
        assert told == []
    else:
        assert (
            f"--workers {enough}." in told[0]
            and f"{free:.1f} GB of 16.0 GB (limit of this container)" in told[0]
        )
