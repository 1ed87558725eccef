"""One hostile input, and what must happen with it."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from humor.sequences import SEQUENCES

_SHELL_ACTS_ON = re.compile(r"[^A-Za-z0-9.,=+:/_-]+")
OUT = "out"
"""The folder, inside a case's place, for results; whatever else lies in the place is the user's."""


@dataclass(frozen=True)
class Happened:
    """What a run did: ``code`` is the exit code, negative where a signal ended the process."""

    code: int
    out: str
    err: str
    seconds: float


@dataclass(frozen=True)
class Child:
    """How a case runs that needs a process of its own.

    Attributes:
        memory: bytes of address space that it may have; 0 for no limit.
        stdout: where it writes: ``pipe``, ``closed``, ``full`` (a disk without room), ``gone`` (a pipe
            whose reader has gone).
        stderr: ``pipe``, ``closed`` or ``full``.
        kill: signals and the seconds after the start at which they are sent.
        rerun: run it once more, undisturbed, and judge that run's result.
    """

    memory: int = 0
    stdout: str = "pipe"
    stderr: str = "pipe"
    kill: tuple[tuple[signal.Signals, float], ...] = ()
    rerun: bool = False


@dataclass(frozen=True)
class Case:
    """An input and its lawful outcomes. Always forbidden: a traceback, an unexpected failure, a hang,
    a crash, a changed file of the user's, a half-written result, an error without words.

    Attributes:
        kind: of the hostility.
        name: unique in its kind.
        prepare: makes files in the place that it is given, and returns the arguments of ``humor``.
        codes: lawful exit codes.
        says: texts, one of which the error must have where the case does not end with 0; often a file's name.
        like: the sequences whose undisturbed result a result of ``segment`` must be like.
        within: how far the whole tumour may be from that result's, as a share of it; None: anything goes.
        warns: a warning with one of these texts excuses a result that is farther off.
        ours: names in the place, or folders, that the run may change.
        check: what else must hold of a run that ended with 0; from the place and what happened, faults.
        seconds: more is a hang.
        unprivileged: run as a user without root's rights.
        child: run as a process of its own.
        quick: whether it is cheap enough for ``make test``.
    """

    kind: str
    name: str
    prepare: Callable[[Path], list[str]]
    codes: frozenset[int] = frozenset({0, 1})
    says: tuple[str, ...] = ()
    like: tuple[str, ...] = SEQUENCES
    within: float | None = 0.1
    warns: tuple[str, ...] = ()
    ours: tuple[str, ...] = (OUT,)
    check: Callable[[Path, Happened], list[str]] | None = None
    seconds: float = 40.0
    unprivileged: bool = False
    child: Child | None = None
    quick: bool = True

    @property
    def id(self) -> str:
        """By which it is found again, also from a shell."""
        return f"{self.kind}/{_SHELL_ACTS_ON.sub('_', self.name)}"


DONE = frozenset({0})
REFUSED = frozenset({1})
WRONG_USAGE = frozenset({2})
REFUSED_OR_WRONG = REFUSED | WRONG_USAGE
EITHER = DONE | REFUSED
ANY = frozenset({0, 1, 2})
