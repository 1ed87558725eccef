"""What commands have in common: paths, a study's files, the options of a run, who listens."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import UsageError
from ..neutral import printable
from ..options import Option, SegmentOptions, options_of
from ..sequences import DISPLAY_NAMES, SEQUENCES
from .terminal import complain, listener_for

if TYPE_CHECKING:
    from ..events import Event, Listener
    from ..study.roles import RoleGuess

Chosen = TypeVar("Chosen", bound=SegmentOptions)


def given_path(text: str) -> Path:
    """The type of arguments that are paths. An empty one is mostly a variable that was not set.

    Raises:
        argparse.ArgumentTypeError: it is empty; for ``pathlib`` that would be the current folder.
    """
    if not text:
        raise argparse.ArgumentTypeError("the path is empty (for the current folder, write .)")
    return Path(text)


def add_study(parser: argparse.ArgumentParser) -> None:
    """One study, as a folder or as files."""
    parser.add_argument(
        "study",
        nargs="?",
        type=given_path,
        metavar="STUDY_FOLDER",
        help="folder of the study; file names tell the sequences (or one 4-D file, with --channels)",
    )
    for name in SEQUENCES:
        shown = DISPLAY_NAMES[name]
        parser.add_argument(f"--{name}", type=given_path, metavar="FILE", help=f"the {shown} image")


def add_output(parser: argparse.ArgumentParser) -> None:
    """Where results go."""
    parser.add_argument(
        "--output", "-o", type=given_path, required=True, metavar="OUT", help="results folder"
    )


def add_run_options(parser: argparse.ArgumentParser, command: str) -> None:
    """The options that a run of this command has, as they are declared in ``options``."""
    add_options(parser, options_of(SegmentOptions, command))


def add_options(parser: argparse.ArgumentParser, options: Iterable[Option]) -> None:
    """Options as they are declared."""
    groups: dict[str, Any] = {}
    for option in options:
        if option.group not in groups:
            groups[option.group] = parser.add_argument_group(option.group)
        _add_option(groups[option.group], option)


def add_listening(parser: argparse.ArgumentParser) -> None:
    """What is shown while the command runs."""
    group = parser.add_argument_group("messages")
    group.add_argument("--json", action="store_true", help="one event a line on stdout, nothing else")
    group.add_argument("--quiet", action="store_true", help="show warnings and errors only")


def _add_option(group: Any, option: Option) -> None:
    common = {"dest": option.name, "default": option.default, "help": option.help}
    if option.is_switch:
        group.add_argument(option.flag, action=f"store_{not option.default}".lower(), **common)
    elif option.choices:
        group.add_argument(option.flag, choices=option.choices, **common)
    else:
        group.add_argument(option.flag, type=_type(option), metavar=option.metavar, **common)


def _type(option: Option) -> Any:
    def parse(text: str) -> Any:
        try:
            return option.parse(text)
        except UsageError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return parse


def run_options(arguments: argparse.Namespace) -> SegmentOptions:
    """What ``add_run_options`` let the user choose; what the command does not have stays as it is."""
    return chosen_options(arguments, SegmentOptions)


def chosen_options(arguments: argparse.Namespace, kind: type[Chosen]) -> Chosen:
    """What ``add_options`` let the user choose.

    Args:
        arguments: as they were parsed.
        kind: the dataclass that declares the options.
    """
    given = vars(arguments)
    names = (option.name for option in options_of(kind))
    return kind(**{name: given[name] for name in names if name in given})


@contextmanager
def listening(arguments: argparse.Namespace) -> Iterator[Listener]:
    """Whoever listens to the run. With --json stdout belongs to the events, whatever a library prints."""
    listener = listener_for(arguments.json, arguments.quiet)
    with redirect_stdout(sys.stderr) if arguments.json else nullcontext():
        yield listener


def files_of(arguments: argparse.Namespace, listener: Listener) -> dict[str, Path]:
    """The study's files; where roles were guessed, the guess is shown."""
    named = {name: getattr(arguments, name) for name in SEQUENCES if getattr(arguments, name) is not None}
    if arguments.study is None:
        if not named:
            raise UsageError("No study was given: give a folder, or at least one of --t1 --t1c --t2 --flair.")
        return named
    from ..study.roles import guess_roles

    guess = guess_roles(arguments.study, named, arguments.channels)
    if arguments.json:
        listener(_roles_event(guess))
    elif not arguments.quiet:
        _show_roles(guess)
    return guess.files


def _roles_event(guess: RoleGuess) -> Event:
    from ..events import Event

    data = {
        "files": {name: str(path) for name, path in guess.files.items()},
        "reasons": guess.reasons,
        "ignored": [str(path) for path in guess.ignored],
        "ignored_reasons": guess.ignored_reasons,
    }
    return Event("stage", "roles", "Which file is which sequence", data=data)


def _show_roles(guess: RoleGuess) -> None:
    width = max(len(printable(path.name)) for path in guess.files.values())
    for name in SEQUENCES:
        if name in guess.files:
            line = f"{printable(guess.files[name].name):{width}}  ({guess.reasons[name]})"
        else:
            line = "missing"
        complain(f"{DISPLAY_NAMES[name]:6} {line}")
    for path, reason in zip(guess.ignored, guess.ignored_reasons, strict=True):
        complain(f"       {printable(path.name):{width}}  not used: {reason}")
