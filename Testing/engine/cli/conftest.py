"""A small study, and child processes that find the engine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.cli.small_study import write_study

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_study(tmp_path_factory.mktemp("study"))


def _hears_signals() -> None:
    """A suite that was started in the background (``nohup make test &``) hands down ignored signals."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


@pytest.fixture
def start() -> Callable[..., subprocess.Popen[str]]:
    """Starts Python with the engine importable, as a child process with pipes."""

    def run(*arguments: str, **options: Any) -> subprocess.Popen[str]:
        paths = [str(REPOSITORY / "HUMoRSegment"), os.environ.get("PYTHONPATH", "")]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
        return subprocess.Popen(
            [sys.executable, *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **{"preexec_fn": _hears_signals if os.name == "posix" else None, **options},
        )

    return run
