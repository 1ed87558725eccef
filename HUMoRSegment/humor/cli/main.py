"""``humor COMMAND``: finds the command, runs it, and turns failures into messages and exit codes."""

from __future__ import annotations

import argparse
import io
import os
import sys
import threading
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

from .. import __version__
from ..errors import EXIT_CANCELLED, Cancelled, HumorError, OutputError, UsageError
from ..interruption import interruptible
from ..system_failures import in_words
from .terminal import JsonLines, complain, error_event

# Command → its line in the help. A command's module is imported only when it is the one that was asked for.
COMMANDS: dict[str, str] = {
    "segment": "segment the tumour of one study",
    "inspect": "show which file of a folder is which sequence, without running anything",
    "influence": "show what each sequence of a study did",
    "batch": "segment many studies: a folder of them, or a CSV file",
    "sample": "write the generated sample study to a folder",
    "models": "list, show, verify, import and export models",
    "doctor": "test this installation: versions, devices, memory, disk, weights",
}
# Refused where memory is much too short, before they import numpy, whose OpenBLAS would wait for ever.
_SEGMENTING = ("segment", "influence", "batch")


class _Parser(argparse.ArgumentParser):
    """Reports wrong usage as our own exception, so that ``--json`` can report it as an event."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}. '{self.prog} --help' shows the usage.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: without the program's name; default: those of this process.

    Returns:
        The exit code: 0 done, 1 this input cannot be segmented, 2 wrong usage, 130 cancelled.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    as_json, debug = _wants_json(given), "--debug" in given
    _accept_any_character()
    code = _guarded(given, as_json, debug)
    _close_output()
    if arguments is None and threading.active_count() > 1:
        os._exit(code)  # a thread is still loading a model: nothing of it is wanted, so do not wait for it
    return code


def _wants_json(given: list[str]) -> bool:
    """Whether the call asks for JSON, in any form that argparse might take or complain about."""
    options = given[: given.index("--")] if "--" in given else given
    return any(
        len(word) > 2 and "--json".startswith(word.partition("=")[0]) for word in options if word[:2] == "--"
    )


def _guarded(given: list[str], as_json: bool, debug: bool) -> int:
    try:
        with interruptible():
            if as_json:
                _check_stdout()
            return _run(given)
    except SystemExit as stop:  # argparse, after --help and --version
        return int(stop.code or 0)
    except KeyboardInterrupt as stop:
        return _failed(Cancelled(str(stop) or "Cancelled."), as_json)
    except HumorError as error:
        if debug:
            _show_traceback()
        return _failed(error, as_json)
    except BrokenPipeError:  # whoever read our output has gone
        return EXIT_CANCELLED
    except Exception as error:
        known = in_words(error)
        if known is None:
            return _failed(_unexpected(error, debug), as_json)
        if debug:
            _show_traceback()
        return _failed(known, as_json)


def _check_stdout() -> None:
    JsonLines()


def _run(given: list[str]) -> int:
    parser = _Parser(
        prog="humor",
        description="Brain tumour segmentation from any of T1, T1c, T2 and FLAIR. "
        "Research use only; not a medical device.",
    )
    parser.add_argument("--version", action="version", version=f"humor {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    chosen = next((word for word in given if not word.startswith("-")), "")
    for name, line in COMMANDS.items():
        if name == chosen:
            if name in _SEGMENTING:
                from ..memory.shortage import require_memory

                require_memory()
            import_module(f".{name}", __package__).add_parser(commands)
            commands.choices[name].add_argument("--debug", action="store_true", help="show full tracebacks")
        else:
            commands.add_parser(name, help=line)
    arguments = parser.parse_args(given)
    if arguments.command is None:
        parser.print_help()
        return 0
    return int(import_module(f".{arguments.command}", __package__).run(arguments))


def _failed(error: HumorError, as_json: bool) -> int:
    if as_json:
        try:
            JsonLines()(error_event(error))
        except Cancelled:  # nobody reads any more
            pass
        except OutputError:
            complain(f"humor: {error}")
    else:
        if sys.stderr is not None and sys.stderr.isatty():
            sys.stderr.write("\r\x1b[K")  # a progress bar may stand there
        complain(f"humor: {error}")
    return error.exit_code


def _unexpected(error: Exception, debug: bool) -> HumorError:
    """An error of ours, not of the user: short on the screen, whole in a file."""
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    if debug:
        _show_traceback()
        return HumorError(f"Unexpected failure ({what}).")
    where = _save_traceback()
    return HumorError(
        f"Unexpected failure ({what}). This should not happen: please report it with {where}; "
        "--debug shows the details here."
    )


def _show_traceback() -> None:
    import traceback

    traceback.print_exc()


def _save_traceback() -> str:
    import tempfile
    import traceback

    text = f"humor {__version__}, Python {sys.version}\n{' '.join(sys.argv)}\n\n{traceback.format_exc()}"
    try:
        handle, path = tempfile.mkstemp(prefix="humor-error-", suffix=".txt")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError:
        return "the output of --debug"
    return path


def _accept_any_character() -> None:
    """A file name that the terminal's encoding lacks is shown with question marks, not as a failure."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _close_output() -> None:
    """Flush, so that a reader who has gone is noticed here and not in the interpreter's shutdown."""
    for stream in (sys.stdout, sys.stderr):
        if stream is None or stream.closed:
            continue
        try:
            stream.flush()
        except OSError:  # also a full disk
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


if __name__ == "__main__":
    sys.exit(main())
