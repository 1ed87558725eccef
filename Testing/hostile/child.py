"""``humor`` as a process of its own: with limits, with broken streams, under signals."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .case import Child, Happened

ENGINE = Path(__file__).resolve().parents[2] / "HUMoRSegment"
_NOT_UP = "Fatal Python error: init_"
"""What Python says of a Ctrl-C before it is up itself, and nothing of ours has run."""


def run_child(how: Child, arguments: list[str], place: Path) -> Happened:
    """Run it to its end, or kill it on the way and then run it again."""
    if not how.kill:
        return _run(how, arguments, place)
    killed = _run(how, arguments, place)
    if not how.rerun:
        return killed
    again = _run(Child(), arguments, place)
    return Happened(again.code, killed.out + again.out, killed.err + again.err, again.seconds)


def _run(how: Child, arguments: list[str], place: Path) -> Happened:
    begin = time.monotonic()
    out, err = (_stream(kind) for kind in (how.stdout, how.stderr))
    process = subprocess.Popen(
        [sys.executable, "-m", "humor", *arguments],
        env={**os.environ, "PYTHONPATH": str(ENGINE), "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=place,
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=err,
        preexec_fn=_before(how),
        start_new_session=True,
    )
    try:
        for number, seconds in how.kill:
            time.sleep(max(0.0, begin + seconds - time.monotonic()))
            process.send_signal(number)
        texts = process.communicate()
    finally:
        process.kill()
        for stream in (out, err):
            if not isinstance(stream, int):
                stream.close()
    shown = [(text or b"").decode("utf-8", "replace") for text in texts]
    code = 130 if how.kill and process.returncode < 0 else process.returncode
    if how.kill and _NOT_UP in shown[1]:
        code, shown[1] = 130, ""
    return Happened(code, shown[0], shown[1], time.monotonic() - begin)


def _stream(kind: str) -> Any:
    if kind == "pipe":
        return subprocess.PIPE
    if kind == "full":
        return open("/dev/full", "wb")
    if kind == "gone":
        reader, writer = os.pipe()
        os.close(reader)
        return os.fdopen(writer, "wb")
    return subprocess.DEVNULL  # closed, before the program begins


def _before(how: Child) -> Callable[[], None]:
    def limit() -> None:
        # A runner in the background may ignore SIGINT, which children inherit.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if how.memory:
            resource.setrlimit(resource.RLIMIT_AS, (how.memory, how.memory))
        for kind, handle in ((how.stdout, 1), (how.stderr, 2)):
            if kind == "closed":
                os.close(handle)

    return limit
