from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from humor.memory import available
from humor.memory.available import CONTAINER, PROCESS, GroupLimit, Memory, group_limits, main_memory

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


NO_LIMIT_V1 = 9223372036854771712
MOUNTS_V2 = "30 23 0:26 {top} /sys/fs/cgroup rw,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
MOUNTS_V1 = (
    "31 23 0:28 / /sys/fs/cgroup ro - tmpfs tmpfs ro,mode=755\n"
    "32 31 0:29 {top} /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu,cpuacct\n"
    "35 31 0:32 {top} /sys/fs/cgroup/memory rw,relatime master:12 - cgroup cgroup rw,memory\n"
)


class Linux:
    """A folder with what Linux says about control groups."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def process(self, groups: str, mounts: str) -> None:
        """Which groups this process is in, and where their hierarchies are mounted."""
        for name, text in {"cgroup": groups, "mountinfo": mounts}.items():
            self._write(self.root / "proc/self" / name, text)

    def v2(self, group: str, most: str, used: int, cached: int = 0, high: str = "max") -> None:
        """A group of version 2, by its path below the mount."""
        folder = self.root / "sys/fs/cgroup" / group
        self._write(folder / "memory.max", f"{most}\n")
        self._write(folder / "memory.high", f"{high}\n")
        self._write(folder / "memory.current", f"{used}\n")
        self._write(folder / "memory.stat", f"anon 5\nactive_file {cached}\ninactive_file {cached}\n")

    def v1(self, group: str, most: int, used: int, cached: int = 0, above: int = NO_LIMIT_V1) -> None:
        """A group of version 1."""
        folder = self.root / "sys/fs/cgroup/memory" / group
        self._write(folder / "memory.limit_in_bytes", f"{most}\n")
        self._write(folder / "memory.usage_in_bytes", f"{used}\n")
        stat = (
            f"cache 7\nhierarchical_memory_limit {above}\ntotal_active_file 0\ntotal_inactive_file {cached}\n"
        )
        self._write(folder / "memory.stat", stat)

    @staticmethod
    def _write(path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def linux(tmp_path: Path) -> Linux:
    return Linux(tmp_path)


def test_a_container_of_version_2_sees_its_own_group_as_the_top(linux: Linux) -> None:
    linux.process("0::/\n", MOUNTS_V2.format(top="/"))
    linux.v2("", str(4 * GB), 3 * GB, cached=GB // 2)
    assert group_limits(linux.root) == [GroupLimit(4 * GB, 2 * GB)]


def test_groups_above_count_too(linux: Linux) -> None:
    linux.process("0::/user.slice/session.scope\n", MOUNTS_V2.format(top="/"))
    linux.v2("user.slice/session.scope", "max", GB)
    linux.v2("user.slice", str(2 * GB), GB)
    assert group_limits(linux.root) == [GroupLimit(2 * GB, GB)]
    linux.v2("user.slice/session.scope", str(3 * GB), GB, high=str(GB))
    found = [limit.most for limit in group_limits(linux.root)]
    assert sorted(found) == [GB, 2 * GB, 3 * GB]


def test_max_is_no_limit(linux: Linux) -> None:
    linux.process("0::/a/b\n", MOUNTS_V2.format(top="/"))
    linux.v2("a/b", "max", GB)
    linux.v2("a", "max", GB)
    assert group_limits(linux.root) == []


@pytest.mark.parametrize("top", ["/docker/4711", "/"])
def test_version_1_with_and_without_a_namespace_of_its_own(linux: Linux, top: str) -> None:
    """Without one a container is told its path on the host, which is where its mount begins."""
    group = "/docker/4711" if top != "/" else "/"
    linux.process(f"11:cpu,cpuacct:{group}\n4:memory:{group}\n0::{group}\n", MOUNTS_V1.format(top=top))
    linux.v1("", 2 * GB, GB + 5, cached=5)
    assert GroupLimit(2 * GB, GB) in group_limits(linux.root)


def test_version_1_on_the_host_climbs_to_the_top(linux: Linux) -> None:
    linux.process("4:memory:/batch/job\n", MOUNTS_V1.format(top="/"))
    linux.v1("batch/job", NO_LIMIT_V1, GB)
    linux.v1("batch", 3 * GB, GB)
    linux.v1("", NO_LIMIT_V1, GB)
    assert min(limit.most for limit in group_limits(linux.root)) == 3 * GB


def test_version_1_tells_of_groups_that_a_container_does_not_see(linux: Linux) -> None:
    linux.process("4:memory:/pods/one/container\n", MOUNTS_V1.format(top="/pods/one/container"))
    linux.v1("", NO_LIMIT_V1, GB, above=2 * GB)
    assert GroupLimit(2 * GB, GB) in group_limits(linux.root)


def test_both_versions_at_once(linux: Linux) -> None:
    """As here: memory belongs to version 1, and the mount of version 2 has no memory files."""
    more = "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
    linux.process("4:memory:/job\n0::/job\n", MOUNTS_V1.format(top="/") + more)
    linux.v1("job", GB, GB // 2)
    assert [limit for limit in group_limits(linux.root) if limit.most < NO_LIMIT_V1] == [
        GroupLimit(GB, GB // 2)
    ]


@pytest.mark.parametrize(
    ("groups", "mounts"),
    [
        ("", ""),
        ("0::/\n", ""),
        ("0::/../other\n", MOUNTS_V2.format(top="/")),
        ("nonsense\n:::\n0:\n", "nonsense\n - - -\n1 2 3 / /x - cgroup2\n"),
        ("0::/a\n", MOUNTS_V2.format(top="/elsewhere")),
    ],
)
def test_what_is_not_understood_is_no_limit(linux: Linux, groups: str, mounts: str) -> None:
    linux.process(groups, mounts)
    linux.v2("a", "many", 3)
    assert group_limits(linux.root) == []


def test_a_place_with_blanks_is_found(linux: Linux) -> None:
    mounts = MOUNTS_V2.format(top="/").replace("/sys/fs/cgroup", r"/sys/fs/c\040group", 1)
    linux.process("0::/\n", mounts)
    linux.v2("../c group", str(GB), 0)
    assert [limit.most for limit in group_limits(linux.root)] == [GB]


def test_nothing_is_found_where_there_is_no_linux(tmp_path: Path) -> None:
    assert group_limits(tmp_path) == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has control groups")
def test_the_real_groups_of_this_process() -> None:
    """What the kernel says: never more used than there is, and no less than this process has."""
    for limit in group_limits():
        assert 0 <= limit.used <= limit.most
