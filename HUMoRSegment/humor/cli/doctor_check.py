"""The checks of ``humor doctor``, in order; one that breaks is a failed check, not the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

OK, WARN, FAIL = "ok", "warn", "fail"


@dataclass(frozen=True)
class Check:
    """One line of the self-test.

    Attributes:
        status: ``ok``, ``warn`` (works, but worse than it could) or ``fail``.
        name: what was looked at.
        text: what was found.
        remedy: what to do about it, for ``warn`` and ``fail``.
    """

    status: str
    name: str
    text: str
    remedy: str = ""

    def facts(self) -> dict[str, str]:
        """As plain JSON-serialisable facts."""
        return asdict(self)


def all_checks(output: Path, device: str) -> Iterator[Check]:
    """Run every check.

    Args:
        output: the folder whose disk results will go to.
        device: what the trial segmentation runs on, e.g. ``auto``.
    """
    from .doctor_devices import check_cpu, check_gpus
    from .doctor_models import check_models, check_trial
    from .doctor_system import check_disks, check_libraries, check_memory, check_versions

    groups: dict[str, Callable[[], Iterator[Check]]] = {
        "versions": check_versions,
        "libraries": check_libraries,
        "cpu": check_cpu,
        "gpu": check_gpus,
        "memory": check_memory,
        "disk": lambda: check_disks(output),
        "models": check_models,
        "trial": lambda: check_trial(device),
    }
    for name, group in groups.items():
        yield from guarded(name, group)


def guarded(name: str, group: Callable[[], Iterator[Check]]) -> Iterator[Check]:
    """The checks of a group; whatever goes wrong in it is a failed check."""
    try:
        yield from group()
    except Exception as error:
        text = f"the check itself failed ({type(error).__name__}: {error})"
        yield Check(FAIL, name, text, "Please report this whole output.")
