"""How much main memory this process can have: what the machine, its container and its own limits leave.

A control group's limit holds for all groups in it, so every group from the process's own up to the top
counts. Sources: cgroups(7), proc_pid_mountinfo(5), and the kernel's cgroup-v1/memory.rst and cgroup-v2.rst.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

GB = 1e9
CONTAINER = "limit of this container"
PROCESS = "limit of this process, see 'ulimit -v' and 'ulimit -d'"
_MEBIBYTE = 1 << 20  # of ``memory.stat`` no more is read: it has a few kilobytes


@dataclass(frozen=True)
class Memory:
    """Main memory.

    Attributes:
        total: bytes that this process could have if nothing else needed any.
        free: bytes that it can have now, without swapping.
        limit: what sets the total where that is not the machine, in words; else empty.
    """

    total: int
    free: int
    limit: str = ""

    def __str__(self) -> str:
        where = f" ({self.limit})" if self.limit else ""
        return f"{self.free / GB:.1f} GB of {self.total / GB:.1f} GB{where}"


def main_memory(root: Path = Path("/")) -> Memory:
    """What there is, whatever sets the tightest limit.

    Args:
        root: where the folders ``proc`` and ``sys`` are, which tell of control groups.
    """
    import psutil

    machine = psutil.virtual_memory()
    offers = [Memory(int(machine.total), int(machine.available))]
    for group in group_limits(root):
        offers.append(Memory(group.most, max(0, group.most - group.used), CONTAINER))
    offers += _own_limits()
    tightest = min(offers, key=lambda offer: offer.total)  # the first, the machine, where they are equal
    return Memory(tightest.total, min(offer.free for offer in offers), tightest.limit)


def _own_limits() -> Iterator[Memory]:
    """Limits that a shell or a batch system has set on the process alone (getrlimit(2))."""
    if sys.platform != "linux":  # elsewhere they do not count what they say
        return
    import resource

    import psutil

    now = psutil.Process().memory_info()
    for kind, used in ((resource.RLIMIT_AS, now.vms), (resource.RLIMIT_DATA, now.data)):
        soft, _hard = resource.getrlimit(kind)
        if soft != resource.RLIM_INFINITY:
            yield Memory(soft, max(0, soft - used), PROCESS)


@dataclass(frozen=True)
class GroupLimit:
    """A limit on a control group.

    Attributes:
        most: bytes that its processes may have together.
        used: bytes that they have and that the kernel cannot take back; the cache of files it can.
    """

    most: int
    used: int


@dataclass(frozen=True)
class _Version:
    """Names of one version's files and fields."""

    limits: tuple[str, ...]
    used: str
    cached: tuple[str, ...]
    above: str = ""


_V1 = _Version(
    limits=("memory.limit_in_bytes",),
    used="memory.usage_in_bytes",
    cached=("total_inactive_file", "total_active_file"),
    above="hierarchical_memory_limit",  # of groups above, which a container does not see
)
_V2 = _Version(
    limits=("memory.max", "memory.high"),  # above the second one processes hardly move
    used="memory.current",
    cached=("inactive_file", "active_file"),
)


def group_limits(root: Path = Path("/")) -> list[GroupLimit]:
    """The limits of this process's control group and of all above it; none on other systems than Linux.

    Huge numbers that only mean "no limit" (version 1) are returned as they are.

    Args:
        root: where the folders ``proc`` and ``sys`` are.
    """
    groups = _own_groups(_read(root / "proc/self/cgroup"))
    found: list[GroupLimit] = []
    for version, controller, top, mount in _mounts(_read(root / "proc/self/mountinfo")):
        if controller in groups:
            place = root / mount.lstrip("/")
            own = place / _below(groups[controller], top)
            for folder in (own, *own.parents):
                found += _limits_of(folder, version, own == folder)
                if folder == place:
                    break
    return found


def _own_groups(text: str) -> dict[str, str]:
    """Controller → path of this process's group; the controller of version 2 is ``""``."""
    groups = {}
    for line in text.splitlines():
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if "memory" in controllers.split(","):
            groups["memory"] = path
        elif number == "0" and not controllers:
            groups[""] = path
    return groups


def _mounts(text: str) -> Iterator[tuple[_Version, str, str, str]]:
    """Version, controller, the group that is mounted, and where, of all hierarchies with memory."""
    for line in text.splitlines():
        before, _, after = line.partition(" - ")
        fields, system = before.split(), after.split()
        if len(fields) < 5 or len(system) < 3:
            continue
        top, mount = (re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), x) for x in fields[3:5])
        if system[0] == "cgroup2":
            yield _V2, "", top, mount
        elif system[0] == "cgroup" and "memory" in system[-1].split(","):
            yield _V1, "memory", top, mount


def _below(group: str, top: str) -> str:
    """The path from a mounted group to one below it; the mounted one itself where it is not above."""
    path = PurePosixPath(group)
    if ".." in path.parts or not path.is_relative_to(top):
        return ""  # mounted from outside: a container then sees its own group alone
    return str(path.relative_to(top))


def _limits_of(folder: Path, version: _Version, with_above: bool) -> Iterator[GroupLimit]:
    facts = dict(line.split()[:2] for line in _read(folder / "memory.stat").splitlines() if " " in line)
    cached = sum(_number(facts.get(name, "")) or 0 for name in version.cached)
    used = max(0, (_number(_read(folder / version.used)) or 0) - cached)
    limits = [_number(_read(folder / name)) for name in version.limits]
    if with_above:
        limits.append(_number(facts.get(version.above, "")))
    yield from (GroupLimit(most, used) for most in limits if most is not None)


def _number(text: str) -> int | None:
    """None for ``max``, and where there is none."""
    return int(text) if re.fullmatch(r"\d{1,20}", text.strip()) else None


def _read(path: Path) -> str:
    try:
        with path.open(encoding="utf-8", errors="surrogateescape") as file:
            return file.read(_MEBIBYTE)
    except OSError:
        return ""
