"""One ``humor`` command in a child process, followed without waiting, and ended with all that it started.

``PythonSlicer`` is a launcher that starts the real interpreter as its own child, and torch and
OpenVINO may start helpers: ending the first process alone would leave the work running.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import weakref
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from slicer.i18n import tr as _

from humor.errors import HumorError
from humor.events import Event

from .. import adapter
from .protocol import LineReader

PATIENCE = 5.0
"""Seconds to tidy up, for a process that was asked to end, and for others after the first one ended."""
WAIT_AFTER_KILL = 5.0
_TASKKILL_SECONDS = 10.0


class ChildProcess:
    """``python -m humor ARGUMENTS`` in Slicer's Python, as a child process.

    It is killed with everything that it started when this object is dropped or Python ends.

    Args:
        arguments: what follows ``python -m humor``, e.g. ``["segment", ..., "--json"]``.
    """

    def __init__(self, arguments: Sequence[str]) -> None:
        self.arguments = list(arguments)
        self.exit_code: int | None = None
        """Of the first process, once it has ended; negative: the signal that ended it."""
        self.running = False
        """False only once the process has ended and ``poll`` has given out all that it said."""
        self._process: subprocess.Popen[str] | None = None
        self._reader: LineReader | None = None
        self._kill_at: float | None = None
        self._forget_at: float | None = None

    def start(self) -> None:
        """Start the command and return at once.

        Raises:
            HumorError: Slicer's Python cannot be found or started.
        """
        command = [adapter.python_executable(), "-m", "humor", *self.arguments]
        try:
            process = subprocess.Popen(
                command,
                env=adapter.child_environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                errors="replace",
                **_group_options(),
            )
        except OSError as error:
            raise HumorError(
                _(
                    "{program} cannot be started ({reason}). Restart Slicer or, if need be, reinstall it."
                ).format(program=command[0], reason=error.strerror or error)
            ) from error
        assert process.stdout is not None and process.stderr is not None
        self._reader = LineReader(process.stdout, process.stderr)
        self._process = process
        self._last_resort = weakref.finalize(self, _kill_tree, process)
        self.running = True

    @property
    def pid(self) -> int | None:
        """The first process of the tree; None before ``start``."""
        return None if self._process is None else self._process.pid

    def poll(self) -> list[Event]:
        """The events since the last call; ends what outstayed its time. Never waits."""
        if not self.running or self._process is None or self._reader is None:
            return []
        self.exit_code = self._process.poll()
        all_said = self._reader.at_end  # asked before taking, so that nothing comes between
        events = self._reader.take()
        if self.exit_code is not None and all_said:
            self._end()
        else:
            self._watch_the_clock()
        return events

    def stderr_tail(self) -> str:
        """The last lines that were no events, of stderr and stdout."""
        return "" if self._reader is None else self._reader.log()

    def terminate(self) -> None:
        """Ask the tree to end and tidy up; ``poll`` kills it if it has not after some seconds."""
        if not self.running or self._process is None or self._kill_at is not None:
            return
        patience = PATIENCE if _ask_to_end(self._process) else 0.0
        self._kill_at = time.monotonic() + patience
        if not patience:
            self.kill()

    def kill(self) -> None:
        """End the whole tree now; ``poll`` still gives out what it had said."""
        if not self.running or self._process is None:
            return
        _kill_tree(self._process)
        self._kill_at = self._forget_at = time.monotonic() + WAIT_AFTER_KILL
        try:
            self._process.wait(WAIT_AFTER_KILL)
        except subprocess.TimeoutExpired:  # stuck in the system; it ends as soon as it comes back
            return
        self._last_resort.detach()

    def _watch_the_clock(self) -> None:
        """Kill what had its time; and do not follow for ever what even that did not end."""
        now = time.monotonic()
        if self._forget_at is not None:
            if now >= self._forget_at:
                self._end()
        elif self._kill_at is not None:
            if now >= self._kill_at:
                self.kill()
        elif self.exit_code is not None:
            # The first process is gone, others still hold its pipes: a launcher that was killed alone.
            self._kill_at = now + PATIENCE

    def _end(self) -> None:
        self.running = False
        self._last_resort.detach()


def _group_options() -> dict[str, Any]:
    """What ``subprocess.Popen`` needs so that the tree can be ended later; no console window on Windows."""
    if sys.platform == "win32":
        window = subprocess.STARTUPINFO()
        window.dwFlags |= subprocess.STARTF_USESHOWWINDOW
        window.wShowWindow = subprocess.SW_HIDE
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP, "startupinfo": window}
    else:
        return {"start_new_session": True}


def _ask_to_end(process: subprocess.Popen[str]) -> bool:
    """Ask the tree to stop and tidy up after itself.

    Returns:
        False if it cannot be asked: on Windows only programs that share a console can be.
    """
    try:
        if sys.platform == "win32":
            process.send_signal(signal.CTRL_BREAK_EVENT)
        else:
            os.killpg(process.pid, signal.SIGTERM)
    except ProcessLookupError:
        return True  # it has ended already
    except OSError:
        return False
    return True


def _kill_tree(process: subprocess.Popen[str]) -> None:
    """End the tree now, without asking; does nothing where all of it has ended."""
    if sys.platform == "win32":
        with suppress(OSError, subprocess.TimeoutExpired):
            subprocess.run(
                ["taskkill", "/T", "/F", "/PID", str(process.pid)],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                creationflags=subprocess.CREATE_NO_WINDOW,
                timeout=_TASKKILL_SECONDS,
            )
        if process.poll() is None:
            with suppress(OSError):
                process.kill()
    else:
        with suppress(OSError):  # nobody of the group is left
            os.killpg(process.pid, signal.SIGKILL)
