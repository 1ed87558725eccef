"""The script's own modules, importable, and runs of it in a process that stands for a headless Slicer."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[3]
SCRIPTS = REPOSITORY / "HUMoRSegment" / "Scripts"
SCRIPT = SCRIPTS / "segment_folder.py"

# What Slicer does with --python-script: an application and a scene are there, then the file is run.
_APPLICATION = """
import runpy, sys
from emulation.mrml import start
start()
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def module(name: str) -> Any:
    """One of the modules beside the script, which lie on no path before it runs."""
    if str(SCRIPTS) not in sys.path:
        sys.path.insert(0, str(SCRIPTS))
    return import_module(name)


def start(*arguments: str | Path) -> subprocess.Popen[str]:
    """Start the script in a process of its own."""
    paths = [REPOSITORY / "Testing" / "slicer", REPOSITORY / "HUMoRSegment"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(str(path) for path in paths)}
    return subprocess.Popen(
        [sys.executable, "-c", _APPLICATION, str(SCRIPT), "--", *map(str, arguments)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run(*arguments: str | Path) -> tuple[int, str]:
    """Run the script to its end; exit code and everything that it printed."""
    process = start(*arguments)
    text, _ = process.communicate(timeout=600)
    return process.returncode, text
