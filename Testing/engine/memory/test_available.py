from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from humor.memory import available
from humor.memory.available import CONTAINER, PROCESS, GroupLimit, Memory, main_memory

GB = 10**9
MB = 1 << 20
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="limits of processes count on Linux only")


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """16 GB, of which 8 are free, and no limit on this process."""
    facts = SimpleNamespace(total=16 * GB, available=8 * GB)
    monkeypatch.setattr("psutil.virtual_memory", lambda: facts)
    monkeypatch.setattr(available, "_own_limits", lambda: [])


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ([], Memory(16 * GB, 8 * GB)),
        ([GroupLimit(9223372036854771712, GB)], Memory(16 * GB, 8 * GB)),
        ([GroupLimit(4 * GB, GB)], Memory(4 * GB, 3 * GB, CONTAINER)),
        ([GroupLimit(12 * GB, GB)], Memory(12 * GB, 8 * GB, CONTAINER)),
        ([GroupLimit(4 * GB, GB), GroupLimit(6 * GB, 5 * GB)], Memory(4 * GB, GB, CONTAINER)),
        ([GroupLimit(4 * GB, 5 * GB)], Memory(4 * GB, 0, CONTAINER)),
    ],
)
def test_the_tightest_limit_counts(
    machine: None, monkeypatch: pytest.MonkeyPatch, limits: list[GroupLimit], expected: Memory
) -> None:
    monkeypatch.setattr(available, "group_limits", lambda root: limits)
    assert main_memory() == expected


def test_it_is_told_in_gigabytes_and_with_its_reason() -> None:
    assert str(Memory(4 * GB, 3 * GB, CONTAINER)) == "3.0 GB of 4.0 GB (limit of this container)"
    assert str(Memory(4 * GB, 3 * GB)) == "3.0 GB of 4.0 GB"


def test_on_this_machine_there_is_no_more_than_the_machine_has() -> None:
    memory = main_memory()
    assert 0 < memory.free <= memory.total <= psutil.virtual_memory().total


@linux_only
@pytest.mark.parametrize(("kind", "most"), [("RLIMIT_AS", 2000), ("RLIMIT_DATA", 700)])
def test_a_real_limit_of_a_process_counts(kind: str, most: int) -> None:
    """In a process of its own; what it then takes is no longer free, and what is free can be had."""
    code = f"""
import resource
from humor.memory.available import main_memory
resource.setrlimit(resource.{kind}, ({most * MB}, {most * MB}))
before = main_memory()
block = bytearray(300 * {MB})
after = main_memory()
bytearray(int(0.9 * after.free))
print(before.total, before.free - after.free, after.limit)
try:
    bytearray(int(1.1 * after.free) + {MB})
except MemoryError:
    print("no more")
"""
    engine = str(Path(available.__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": engine}, capture_output=True, text=True, timeout=60
    )
    lines = done.stdout.splitlines()
    total, taken, limit = lines[0].split(" ", 2)
    assert int(total) == most * MB and limit == PROCESS
    assert 290 * MB < int(taken) < 330 * MB
    assert lines[1:] == ["no more"], done.stderr
