"""The options of a run, each declared here and nowhere else.

From these declarations derive the command line (``cli.arguments``), the hash by which a batch tells what is
done already, the arguments of Slicer's child process and its parameter node (``HUMoRSegmentLib.options``
and ``.parameters``), the ``options`` of ``report.json``, and the table in ``HUMoRSegment/README.md``. A new
option needs its declaration and the code that acts on it; in Slicer's panel it also needs the ``.ui`` file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from .errors import UsageError
from .sequences import SEQUENCES

WRITING = ("segment", "batch")
"""Commands that write a segmentation."""
SEGMENTING = (*WRITING, "influence")
"""Commands that run a model."""
IMAGES, MODEL, RESULTS = "images", "model", "results"
"""Groups of options: how images are read and prepared, what segments them, what is written."""
PRECISIONS = ("auto", "fp32", "bf16", "fp16")
_KEY = "option"
# Version 0.1.0 hashed these also where they were left as they are. An option that comes later is hashed only
# where it is chosen, so that batches begun before it existed go on.
_ALWAYS_HASHED = {
    *("precision", "window", "mirror", "reference", "register", "channels"),
    *("probabilities", "page", "routing", "segments"),
}


@dataclass(frozen=True)
class Option:
    """The declaration of one option.

    Attributes:
        help: what it does, for people; of a switch that is on by default, what leaving it out means.
        commands: those of the command line that have it.
        word: the option there, without dashes; empty for the field's name. A switch that is on by default
            becomes ``--no-WORD``.
        group: heading in the help; options of ``MODEL`` but the model's name go to the ``Segmenter``.
        metavar: stands for its value in the help.
        choices: all values that it may have; empty where ``parse`` decides.
        parse: from what a user wrote to the value; raises ``UsageError``.
        decides: whether it changes what is computed or written. What does not is free to change
            when a batch goes on.
        parameter: its name in Slicer's parameter node; empty where the panel does not have it.
        name: of the field.
        default: of the field.
    """

    help: str
    commands: tuple[str, ...] = WRITING
    word: str = ""
    group: str = RESULTS
    metavar: str = ""
    choices: tuple[str, ...] = ()
    parse: Callable[[str], Any] = str
    decides: bool = True
    parameter: str = ""
    name: str = ""
    default: Any = None

    @property
    def is_switch(self) -> bool:
        """Whether it is on or off."""
        return isinstance(self.default, bool)

    @property
    def flag(self) -> str:
        """The option of the command line; of a switch, the one that changes its default."""
        word = self.word or self.name.replace("_", "-")
        return f"--no-{word}" if self.default is True else f"--{word}"


def option(default: Any, help: str, **declared: Any) -> Any:
    """A dataclass's field that is an option; ``declared`` are attributes of ``Option``."""
    return field(default=default, metadata={_KEY: Option(help, **declared)})


def _window(text: str) -> str:
    from .networks.names import TOKEN
    from .user_input import LARGEST_EDGE, is_window

    if is_window(text, TOKEN):
        return text
    raise UsageError(f"{text!r} is not 'auto', 'whole' or a multiple of {TOKEN} up to {LARGEST_EDGE}")


def _channels(text: str) -> tuple[str, ...]:
    from .study.channels import parse_channels

    return parse_channels(text)


@dataclass(frozen=True)
class SegmentOptions:
    """What can be chosen about a run; ``options_of`` gives the declarations."""

    channels: tuple[str, ...] = option(
        (),
        "what the volumes of a 4-D file, or files CASE_0000, CASE_0001, ... (nnU-Net), are, in their order; "
        "'other' for any other image",
        commands=(*SEGMENTING, "inspect"),
        group=IMAGES,
        metavar=",".join(SEQUENCES),
        parse=_channels,
    )
    register: bool = option(
        False,
        "align the sequences with each other first",
        commands=SEGMENTING,
        group=IMAGES,
        parameter="register_first",
    )
    model: str | None = option(
        None,
        "a name from 'humor models', or a folder",
        commands=SEGMENTING,
        group=MODEL,
        metavar="NAME",
        decides=False,  # a model counts by the hash of its content
        parameter="model",
    )
    device: str = option(
        "auto",
        "auto, cpu, cuda, cuda:N or mps",
        commands=SEGMENTING,
        group=MODEL,
        metavar="DEVICE",
        decides=False,  # what was begun on a GPU may go on on another, or on a CPU; each result says which
        parameter="device",
    )
    precision: str = option(
        "auto",
        "number format of the network; auto takes the fastest that suits the device",
        commands=SEGMENTING,
        group=MODEL,
        choices=PRECISIONS,
    )
    window: str = option(
        "auto",
        "the whole brain at once, or windows with an edge of N voxels (a multiple of 16)",
        commands=SEGMENTING,
        group=MODEL,
        metavar="auto|whole|N",
        parse=_window,
    )
    mirror: bool = option(
        False,
        "also segment the mirrored brain and take the mean: a little better, the network runs twice",
        commands=SEGMENTING,
        group=MODEL,
        parameter="mirror",
    )
    reference: str | None = option(
        None,
        "the sequence on whose grid results are wanted (default: the one with the smallest voxels)",
        commands=SEGMENTING,
        choices=SEQUENCES,
        parameter="reference",
    )
    probabilities: bool = option(False, "also write probabilities.nii.gz", parameter="keep_probabilities")
    page: bool = option(True, "no report.html", word="report")
    routing: bool = option(True, "no routing maps and tables")
    segments: bool = option(True, "no segmentation.seg.nrrd")

    def to_json(self) -> dict[str, Any]:
        """Name → value, as plain JSON has it, of every option of a run."""
        values = {each.name: getattr(self, each.name) for each in options_of(SegmentOptions)}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}

    @staticmethod
    def from_json(values: Mapping[str, Any]) -> SegmentOptions:
        """The opposite of ``to_json``."""
        chosen: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
        }
        return SegmentOptions(**chosen)

    def of_segmenter(self) -> dict[str, Any]:
        """Name → value of the options that a ``Segmenter`` is made with."""
        return {name: getattr(self, name) for name in SEGMENTER_OPTIONS}

    @property
    def decisive_hash(self) -> str:
        """Changes when an option changes what is computed or written."""
        values = self.to_json()
        counted = {
            each.name: values[each.name]
            for each in options_of(SegmentOptions)
            if each.decides and (each.name in _ALWAYS_HASHED or getattr(self, each.name) != each.default)
        }
        return hashlib.sha256(json.dumps(counted, sort_keys=True).encode()).hexdigest()[:16]

    def arguments(self, command: str) -> list[str]:
        """The words of a command line that make a run with these options; defaults are left out."""
        words: list[str] = []
        for each in options_of(SegmentOptions, command):
            value = getattr(self, each.name)
            if value == each.default:
                continue
            words.append(each.flag)
            if not each.is_switch:
                words.append(",".join(value) if isinstance(value, tuple) else str(value))
        return words


def options_of(kind: type, command: str = "") -> list[Option]:
    """The declared options of a dataclass, in order.

    Args:
        kind: ``SegmentOptions``, or a dataclass that adds options of a front end.
        command: only those that this command has; empty for all.
    """
    declared = [
        replace(each.metadata[_KEY], name=each.name, default=each.default)
        for each in fields(kind)
        if _KEY in each.metadata
    ]
    return [each for each in declared if not command or command in each.commands]


def redeclared(name: str, default: Any, help: str) -> Any:
    """An option of ``SegmentOptions`` with another default, for a dataclass that derives from it."""
    declared = next(each for each in options_of(SegmentOptions) if each.name == name)
    return field(default=default, metadata={_KEY: replace(declared, help=help)})


SEGMENTER_OPTIONS: tuple[str, ...] = tuple(
    each.name for each in options_of(SegmentOptions) if each.group == MODEL and each.name != "model"
)
"""Names of the options that a ``Segmenter`` is made with."""
