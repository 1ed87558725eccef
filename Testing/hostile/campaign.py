"""Gives cases to workers, ends those that hang, and gathers verdicts."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .case import Case

ROOT = Path(__file__).resolve().parents[2]
_START_SECONDS = 60.0  # a new worker imports everything, and finds what the undisturbed study gives


@dataclass(frozen=True)
class Verdict:
    """What came of a case; no faults: all well. ``shown``: its output, where there are any."""

    case: Case
    faults: list[str]
    arguments: list[str]
    seconds: float
    shown: str


def run_cases(cases: Sequence[Case], workers: int, tell: Callable[[Verdict], None]) -> list[Verdict]:
    """Run all; ``tell`` hears of each as it ends."""
    waiting: queue.SimpleQueue[Case] = queue.SimpleQueue()
    for case in cases:
        waiting.put(case)
    verdicts: list[Verdict] = []
    lock = threading.Lock()

    def serve(place: str) -> None:
        worker = _Worker(place)
        while True:
            try:
                case = waiting.get_nowait()
            except queue.Empty:
                break
            verdict = worker.run(case)
            with lock:
                verdicts.append(verdict)
                tell(verdict)
        worker.end()

    with tempfile.TemporaryDirectory(prefix="hostile-", ignore_cleanup_errors=True) as place:
        os.chmod(place, 0o1777)  # some cases run as somebody else
        threads = [threading.Thread(target=serve, args=(place,)) for _ in range(workers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    order = {case.id: number for number, case in enumerate(cases)}
    return sorted(verdicts, key=lambda verdict: order[verdict.case.id])


class _Worker:
    """A worker process that is started when it is needed, and anew after a case has ended it.

    Args:
        place: folder for its temporary files; workers are killed, so they do not tidy up.
    """

    def __init__(self, place: str) -> None:
        self._place = place
        self._process: subprocess.Popen[bytes] | None = None
        self._rest = b""

    def run(self, case: Case) -> Verdict:
        """Have one case run."""
        fresh = self._process is None
        process = self._process = self._process or _start(self._place)
        assert process.stdin is not None
        begin = time.monotonic()
        process.stdin.write(f"{case.id}\n".encode())
        process.stdin.flush()
        line = self._line(process, begin + case.seconds + _START_SECONDS * fresh)
        seconds = time.monotonic() - begin
        if line:
            facts = json.loads(line)
            shown = facts.get("out", "") + facts.get("err", "")
            return Verdict(case, facts["faults"], facts["arguments"], facts["seconds"], shown)
        hung = process.poll() is None
        self.end()
        what = f"hang: more than {case.seconds:.0f} s" if hung else f"crash: {process.returncode}"
        return Verdict(case, [what], [], seconds, "")

    def end(self) -> None:
        """End the process, and all that it has started."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._process, self._rest = None, b""

    def _line(self, process: subprocess.Popen[bytes], deadline: float) -> bytes:
        """Its next line; nothing if it ends, or does not answer in time."""
        assert process.stdout is not None
        while b"\n" not in self._rest:
            ready, _, _ = select.select([process.stdout], [], [], max(0.0, deadline - time.monotonic()))
            data = os.read(process.stdout.fileno(), 1 << 16) if ready else b""
            if not data:
                if ready:
                    process.wait(5)
                return b""
            self._rest += data
        line, _, self._rest = self._rest.partition(b"\n")
        return line


def _start(place: str) -> subprocess.Popen[bytes]:
    paths = [str(ROOT / "HUMoRSegment"), str(ROOT / "Testing")]
    return subprocess.Popen(
        [sys.executable, "-m", "hostile.worker"],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(paths),
            "PYTHONIOENCODING": "utf-8",
            "TMPDIR": place,
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
