"""What to tell the user about a child process that ended without a result."""

from __future__ import annotations

import signal
from typing import Any

from slicer.i18n import tr as _

from humor.errors import EXIT_CANCELLED

TAIL_LINES = 8
_CRASHES = ("SIGSEGV", "SIGABRT", "SIGILL", "SIGBUS", "SIGFPE")
_WINDOWS_CRASHES = {
    0xC0000005: "access violation",
    0xC000001D: "illegal instruction",
    0xC00000FD: "stack overflow",
    0xC0000409: "stack buffer overrun",
}
_TRACEBACK = "Traceback (most recent call last)"


def was_cancelled(exit_code: int | None, facts: dict[str, Any]) -> bool:
    """Whether the command itself says, by its exit code or its ``error`` event, that it was cancelled."""
    return EXIT_CANCELLED in (exit_code, facts.get("exit_code"))


def sentence_of_error(message: str, facts: dict[str, Any]) -> str:
    """The message of an ``error`` event, with what only Slicer knows about it."""
    if facts.get("type") == "OutputError":
        remedy = _("Slicer's temporary folder can be changed in Edit / Application Settings / General.")
        return f"{message} {remedy}"
    return message or _("The segmentation failed without saying why. Please report this.")


def sentence_of_end(exit_code: int | None, log: str) -> str:
    """Why a process may have ended that said neither a result nor an error.

    Args:
        exit_code: its exit code; negative: minus the signal that ended it; on Windows also 32-bit codes.
        log: the last lines that it wrote.
    """
    if crash := _crash(exit_code):
        text = _(
            "The segmentation crashed ({crash}). Choose the device CPU and try again; "
            "if it happens there too, please report it."
        ).format(crash=crash)
    elif exit_code is not None and exit_code >= 0 and _TRACEBACK in log:
        text = _(
            "The segmentation could not run. Often a package is missing or broken: the last lines name it."
        )
    else:
        text = _(
            "The segmentation was ended from outside ({how}), most likely by the system for lack of memory. "
            "Close other programs or scenes, or choose the device CPU or the student model, and try again."
        ).format(how=_how(exit_code))
    return f"{text}{_tail(log)}"


def _crash(exit_code: int | None) -> str:
    """The name of a crash, or nothing if it was none."""
    if exit_code is None:
        return ""
    name = _signal_name(-exit_code) if exit_code < 0 else ""
    return name if name in _CRASHES else _WINDOWS_CRASHES.get(exit_code & 0xFFFFFFFF, "")


def _how(exit_code: int | None) -> str:
    if exit_code is not None and exit_code < 0 and (name := _signal_name(-exit_code)):
        return name
    return _("exit code {code}").format(code=exit_code)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return ""


def _tail(log: str) -> str:
    lines = log.splitlines()[-TAIL_LINES:]
    return "\n\n" + _("Last lines:") + "\n" + "\n".join(lines) if lines else ""
