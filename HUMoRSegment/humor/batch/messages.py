"""What the batch and its workers say to each other; every message is one line of JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Job:
    """A study to be segmented: sequence → file, and the folder for its results."""

    study: str
    files: dict[str, str]
    output: str


@dataclass(frozen=True)
class Failure:
    """Why an attempt failed.

    Attributes:
        type: name of the error's class.
        message: a sentence for people.
        again: whether another attempt may go better: an unreadable image stays unreadable, a full
            memory does not stay full.
        details: a traceback, of what should not have happened; else empty.
    """

    type: str
    message: str
    again: bool = False
    details: str = ""


@dataclass(frozen=True)
class Ready:
    """The worker has its model loaded."""


@dataclass(frozen=True)
class Unable:
    """The worker cannot load the model; it ends."""

    type: str
    message: str


@dataclass(frozen=True)
class Progressed:
    """The share of a study that is done, 0 to 1."""

    study: str
    fraction: float


@dataclass(frozen=True)
class Ended:
    """An attempt ended; without a failure, its report is on disk."""

    study: str
    failure: Failure | None = None


@dataclass(frozen=True)
class Died:
    """The worker is gone, by no wish of ours; ``message`` says what is known about it."""

    message: str


WORKER_DIED = "WorkerDied"
"""Type of the failure of a study whose worker is gone."""
Message = Ready | Unable | Progressed | Ended | Died
_KINDS: dict[str, type[Any]] = {kind.__name__: kind for kind in (Ready, Unable, Progressed, Ended)}


def to_line(message: Message) -> str:
    """A message as a line of JSON (ASCII), without the line's end."""
    return json.dumps({"kind": type(message).__name__, **asdict(message)})


def from_line(line: str) -> Message:
    """The opposite of ``to_line``.

    Raises:
        ValueError: it is no such line.
    """
    try:
        facts = json.loads(line)
        kind = _KINDS[facts.pop("kind")]
        if kind is Ended and facts["failure"] is not None:
            facts["failure"] = Failure(**facts["failure"])
        message: Message = kind(**facts)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a message of a worker: {line[:100]!r}") from error
    return message
