"""Batches in this process and in child processes, and what they leave."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from humor.batch.batch import Summary, list_studies, run_batch
from humor.batch.local import LocalExecutor
from humor.batch.messages import Settings, settings_of
from humor.batch.pool import Executor
from humor.batch.state import RECORDS
from humor.events import Listener
from humor.options import SegmentOptions
from humor.output.folder import LOCK, STAGING
from humor.output.names import LABEL_MAP, REPORT

ENGINE = Path(__file__).resolve().parents[3] / "HUMoRSegment"
OPTIONS = ("--device", "cpu", "--no-report", "--json")
LONGEST = 120.0  # seconds for anything that is waited for


def run(
    studies: Path,
    output: Path,
    workers: int = 1,
    executor: Callable[[Settings], Executor] | None = None,
    listener: Listener | None = None,
    **choices: Any,
) -> Summary:
    """A batch in this process, with real workers."""
    settings = settings_of(SegmentOptions(device="cpu", page=False))
    make = executor or (lambda settings: LocalExecutor(settings, ["cpu"] * workers))
    found, _ = list_studies(studies, output)
    return run_batch(found, output, settings, lambda: make(settings), listener=listener, **choices)


def start(*arguments: str | Path) -> subprocess.Popen[str]:
    """``humor batch`` in a child process and a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "humor", "batch", *map(str, arguments), *OPTIONS],
        env={**os.environ, "PYTHONPATH": str(ENGINE)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A test runner in the background may ignore SIGINT, which children inherit.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def finish(process: subprocess.Popen[str]) -> list[dict[str, Any]]:
    """Wait for its end; its events."""
    events, errors = process.communicate(timeout=LONGEST)
    assert "Traceback" not in errors, errors
    return [json.loads(line) for line in events.splitlines()]


def wait_for(what: Callable[[], Any], pause: float = 0.005) -> None:
    """Until it is true."""
    deadline = time.monotonic() + LONGEST
    while not what():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(pause)


def records(output: Path) -> list[dict[str, Any]]:
    """All whole records."""
    try:
        lines = (output / RECORDS).read_bytes().split(b"\n")[:-1]
    except FileNotFoundError:
        return []
    return [json.loads(line) for line in lines]


def times_done(output: Path) -> Counter[str]:
    """Study → how often it was recorded as done."""
    return Counter(record["study"] for record in records(output) if record["status"] == "done")


def label_maps(output: Path) -> dict[str, bytes]:
    """Study → its label map, of those that are complete."""
    return {path.parent.name: (path.parent / LABEL_MAP).read_bytes() for path in output.glob(f"*/{REPORT}")}


def at_work(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """The processes that it has started."""
    return psutil.Process(process.pid).children(recursive=True)


def leftovers(output: Path) -> list[Path]:
    """Half-written things."""
    return [*output.glob(f"*/{STAGING}*"), *output.glob("**/*.partial"), *output.glob(f"*/{LOCK}")]
