"""Two processes end together, whichever of them meets a problem."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]
SCRIPT = Path(__file__).with_name("one_rank_breaks.py")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def start(rank: int, port: int, *words: str) -> subprocess.Popen[str]:
    """A process as ``torchrun`` starts it, but without ``torchrun``, which would end the others itself."""
    paths = os.pathsep.join(str(REPOSITORY / folder) for folder in ("HUMoRSegment", "Training"))
    places = {"RANK": rank, "LOCAL_RANK": rank, "GROUP_RANK": 0, "MASTER_PORT": port}
    numbers = {**places, "WORLD_SIZE": 2, "LOCAL_WORLD_SIZE": 2, "OMP_NUM_THREADS": 1}
    environment = {**os.environ, "PYTHONPATH": paths, "MASTER_ADDR": "127.0.0.1"}
    environment |= {name: str(number) for name, number in numbers.items()}
    command = [sys.executable, str(SCRIPT), *words]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


@pytest.mark.parametrize(
    ("kind", "first", "second"),
    [
        ("nan", "Another process has no finite loss at step 3", "The loss is nan at step 3"),
        ("case", "Another process could not make its windows", "case0.case.npz is gone"),
        ("disk", "No space left on device", "Another process could not write into the run's folder"),
    ],
)
def test_all_processes_stop_with_the_error_of_one(kind: str, first: str, second: str, tmp_path: Path) -> None:
    port = free_port()
    processes = [start(rank, port, kind, str(tmp_path / "run")) for rank in (0, 1)]
    try:
        told = [process.communicate(timeout=900)[0] for process in processes]
    finally:
        for process in processes:
            process.kill()
    assert [process.returncode for process in processes] == [1, 1], told
    assert f"rank 0: {first}" in told[0] and f"rank 1: {second}" in told[1]
