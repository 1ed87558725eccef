"""How much main memory this process can have: what the machine, its container and its own limits leave."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .cgroups import group_limits

GB = 1e9
CONTAINER = "limit of this container"
PROCESS = "limit of this process, see 'ulimit -v' and 'ulimit -d'"


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
