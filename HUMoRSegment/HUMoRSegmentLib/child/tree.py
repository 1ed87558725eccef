"""Ending a process together with everything that it started, on every system, with the standard library.

``PythonSlicer`` is a launcher that starts the real interpreter as its own child, and torch and
OpenVINO may start helpers: ending the first process alone would leave the work running.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from typing import Any

TASKKILL_SECONDS = 10.0


def group_options() -> dict[str, Any]:
    """What ``subprocess.Popen`` needs so that the tree can be ended later; no console window on Windows."""
    if sys.platform == "win32":
        window = subprocess.STARTUPINFO()
        window.dwFlags |= subprocess.STARTF_USESHOWWINDOW
        window.wShowWindow = subprocess.SW_HIDE
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP, "startupinfo": window}
    else:
        return {"start_new_session": True}


def ask_to_end(process: subprocess.Popen[str]) -> bool:
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


def kill_tree(process: subprocess.Popen[str]) -> None:
    """End the tree now, without asking; does nothing where all of it has ended."""
    if sys.platform == "win32":
        with suppress(OSError, subprocess.TimeoutExpired):
            subprocess.run(
                ["taskkill", "/T", "/F", "/PID", str(process.pid)],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                creationflags=subprocess.CREATE_NO_WINDOW,
                timeout=TASKKILL_SECONDS,
            )
        if process.poll() is None:
            with suppress(OSError):
                process.kill()
    else:
        with suppress(OSError):  # nobody of the group is left
            os.killpg(process.pid, signal.SIGKILL)
