"""Programs to run in place of Slicer's Python, and a look at what is still alive."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path


def program(folder: Path, text: str) -> str:
    """An executable shell script; ``$PYTHON`` in it is this Python, ``"$@"`` its arguments."""
    path = folder / "program"
    path.write_text(f'#!/bin/sh\nPYTHON="{sys.executable}"\n{text}\n')
    path.chmod(0o755)
    return str(path)


def python_program(folder: Path, code: str) -> str:
    """An executable that runs Python code, whatever its arguments."""
    source = folder / "program.py"
    source.write_text(code)
    return program(folder, f'exec "$PYTHON" -u "{source}" "$@"')


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that ended and was not yet collected does not."""
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat")
        return not state.exists() or state.read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except (ProcessLookupError, FileNotFoundError):
        return False


def tree_of(pid: int) -> list[int]:
    """The process and all its descendants (Linux)."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        children.setdefault(parent, []).append(int(stat.parent.name))
    found = [pid]
    for one in found:
        found.extend(children.get(one, []))
    return found


def eventually(condition: Callable[[], object], seconds: float = 60.0) -> bool:
    """Whether the condition becomes true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return bool(condition())
