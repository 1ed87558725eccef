"""What a batch and its workers say to each other: settings, jobs and answers, each one line of JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..options import SegmentOptions

STOP = "stop"
"""The line that asks for an end: the study at work is given up cleanly."""
WORKER_DIED = "WorkerDied"
"""Type of the failure of a study whose worker is gone."""


@dataclass(frozen=True)
class Settings:
    """One batch's model and options.

    Attributes:
        options: of each run; ``model`` is what the user typed, ``device`` is that of the first worker.
        folder: the model's folder.
        model: its name.
        sha256: its hash.
    """

    options: SegmentOptions
    folder: Path
    model: str
    sha256: str

    @property
    def options_hash(self) -> str:
        """Changes when an option changes what is computed or written."""
        return self.options.decisive_hash

    def to_json(self) -> dict[str, Any]:
        """As plain JSON has it, for another process."""
        return {
            "options": self.options.to_json(),
            "folder": str(self.folder),
            "model": self.model,
            "sha256": self.sha256,
        }

    @staticmethod
    def from_json(values: dict[str, Any]) -> Settings:
        """The opposite of ``to_json``."""
        options = SegmentOptions.from_json(values["options"])
        return Settings(options, Path(values["folder"]), values["model"], values["sha256"])


def settings_of(options: SegmentOptions) -> Settings:
    """Find the model.

    Raises:
        BundleError: there is no such model.
    """
    from ..pipeline import model_of

    bundle = model_of(options)
    return Settings(options, bundle.folder.absolute(), bundle.name, bundle.sha256)


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
        entries = json.loads(line)
        kind = _KINDS[entries.pop("kind")]
        if kind is Ended and entries["failure"] is not None:
            entries["failure"] = Failure(**entries["failure"])
        message: Message = kind(**entries)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a message of a worker: {line[:100]!r}") from error
    return message
