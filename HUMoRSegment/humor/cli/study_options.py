"""What commands that segment have in common: options, the study's files, who listens."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UsageError
from ..neutral import printable
from ..sequences import DISPLAY_NAMES, SEQUENCES
from .given_path import given_path
from .terminal import complain

if TYPE_CHECKING:
    from ..events import Event, Listener
    from ..pipeline import SegmentOptions
    from ..study.roles import RoleGuess


def add_study(parser: argparse.ArgumentParser) -> None:
    """One study, as a folder or as files, and where its results go."""
    parser.add_argument(
        "study",
        nargs="?",
        type=given_path,
        metavar="STUDY_FOLDER",
        help="files are told by name; or one 4-D file, with --channels",
    )
    for name in SEQUENCES:
        shown = DISPLAY_NAMES[name]
        parser.add_argument(f"--{name}", type=given_path, metavar="FILE", help=f"the {shown} image")
    add_channels(parser)
    parser.add_argument(
        "--output", "-o", type=given_path, required=True, metavar="OUT", help="results folder"
    )


def add_channels(parser: argparse.ArgumentParser) -> None:
    """The order of sequences that are told by numbers."""
    parser.add_argument(
        "--channels",
        type=_channels,
        default=(),
        metavar="t1,t1c,t2,flair",
        help="what the volumes of a 4-D file, or files CASE_0000, CASE_0001, ... (nnU-Net), are, in their "
        "order; 'other' for any other image",
    )


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """Which model runs, where and how; the same for every command that segments."""
    group = parser.add_argument_group("model")
    group.add_argument("--model", metavar="NAME", help="a name from 'humor models', or a folder")
    group.add_argument("--device", default="auto", metavar="DEVICE", help="auto, cpu, cuda, cuda:N or mps")
    group.add_argument("--precision", default="auto", choices=("auto", "fp32", "bf16", "fp16"))
    group.add_argument(
        "--window",
        default="auto",
        type=_window,
        metavar="auto|whole|N",
        help="the whole brain at once, or windows with an edge of N voxels (a multiple of 16)",
    )
    group.add_argument(
        "--mirror",
        action="store_true",
        help="also segment the mirrored brain and take the mean: a little better, the network runs twice",
    )
    group.add_argument("--register", action="store_true", help="align the sequences with each other first")


def add_result_options(parser: argparse.ArgumentParser) -> None:
    """What is written."""
    group = parser.add_argument_group("results")
    group.add_argument("--reference", choices=SEQUENCES, help="the sequence on whose grid results return")
    group.add_argument("--probabilities", action="store_true", help="also write probabilities.nii.gz")
    group.add_argument("--no-report", action="store_true", help="no report.html")
    group.add_argument("--no-routing", action="store_true", help="no routing maps and tables")
    group.add_argument("--no-segments", action="store_true", help="no segmentation.seg.nrrd")
    group.add_argument("--json", action="store_true", help="one event a line on stdout, nothing else")
    group.add_argument("--quiet", action="store_true", help="show warnings and errors only")


def _channels(text: str) -> tuple[str, ...]:
    from ..study.channels import parse_channels

    try:
        return parse_channels(text)
    except UsageError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _window(text: str) -> str:
    from ..networks.names import TOKEN
    from ..user_input import LARGEST_EDGE, is_window

    if is_window(text, TOKEN):
        return text
    raise argparse.ArgumentTypeError(
        f"{text!r} is not 'auto', 'whole' or a multiple of {TOKEN} up to {LARGEST_EDGE}"
    )


@contextmanager
def listening(arguments: argparse.Namespace) -> Iterator[Listener]:
    """Whoever listens to the run. With --json stdout belongs to the events, whatever a library prints."""
    from .progress import listener_for

    listener = listener_for(arguments.json, arguments.quiet)
    with redirect_stdout(sys.stderr) if arguments.json else nullcontext():
        yield listener


def options_of(arguments: argparse.Namespace) -> SegmentOptions:
    """What ``add_model_options`` and ``add_result_options`` let users choose."""
    from ..pipeline import SegmentOptions

    return SegmentOptions(
        model=arguments.model,
        device=arguments.device,
        precision=arguments.precision,
        window=arguments.window,
        mirror=arguments.mirror,
        reference=arguments.reference,
        register=arguments.register,
        channels=arguments.channels,
        probabilities=arguments.probabilities,
        page=not arguments.no_report,
        routing=not arguments.no_routing,
        segments=not arguments.no_segments,
    )


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

    facts = {
        "files": {name: str(path) for name, path in guess.files.items()},
        "reasons": guess.reasons,
        "ignored": [str(path) for path in guess.ignored],
        "ignored_reasons": guess.ignored_reasons,
    }
    return Event("stage", "roles", "Which file is which sequence", data=facts)


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
