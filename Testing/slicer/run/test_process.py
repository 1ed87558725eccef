from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from run.processes import eventually, is_alive, program, python_program, tree_of

from humor.errors import HumorError
from humor.events import Event
from HUMoRSegmentLib import adapter
from HUMoRSegmentLib.run import process as process_module
from HUMoRSegmentLib.run.process import ChildProcess

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the programs are shell scripts")

# As PythonSlicer: starts the real interpreter as its own child and waits for it.
LAUNCHER = '"$PYTHON" -u program.py "$@" &\nwait $!'
SLEEPER = """
import os, subprocess, sys, time
helper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print('{"kind": "stage", "data": {"pids": [%d, %d]}}' % (os.getpid(), helper.pid))
time.sleep(600)
"""
DEAF = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"


def start(monkeypatch: pytest.MonkeyPatch, python: str, *arguments: str) -> ChildProcess:
    monkeypatch.setattr(adapter, "python_executable", lambda: python)
    process = ChildProcess(arguments)
    process.start()
    return process


def followed(process: ChildProcess, seconds: float = 120.0) -> list[Event]:
    """All events until the process has ended."""
    events: list[Event] = []
    end = time.monotonic() + seconds
    while process.running:
        assert time.monotonic() < end, "the process did not end"
        events += process.poll()
        time.sleep(0.005)
    return events


def sleeping_tree(monkeypatch: pytest.MonkeyPatch, folder: Path, code: str) -> tuple[ChildProcess, list[int]]:
    """A launcher, the program it started, and a helper that this one started: all sleep."""
    (folder / "program.py").write_text(code)
    monkeypatch.chdir(folder)
    process = start(monkeypatch, program(folder, LAUNCHER))
    events: list[Event] = []

    def spoken() -> bool:
        events.extend(process.poll())
        return bool(events)

    assert eventually(spoken) and process.pid is not None
    pids = [process.pid, *events[0].data["pids"]]
    assert len(set(pids)) == 3 and all(is_alive(pid) for pid in pids)
    return process, pids


def test_everything_that_was_said_is_given_out_before_the_process_counts_as_ended(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    code = """
import json, sys
for number in range(3000):
    print("noise %d" % number)
    print(json.dumps({"kind": "progress", "message": str(number)}))
print("the end", file=sys.stderr)
sys.exit(7)
"""
    process = start(monkeypatch, python_program(tmp_path, code))
    assert process.running
    events = followed(process)
    assert [event.message for event in events] == [str(number) for number in range(3000)]
    assert process.exit_code == 7
    assert "the end" in process.stderr_tail()
    assert process.poll() == []


def test_polling_a_silent_process_does_not_wait(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    process = start(monkeypatch, python_program(tmp_path, "import time; time.sleep(600)"))
    begin = time.monotonic()
    assert [process.poll() for _ in range(100)] == [[]] * 100
    assert time.monotonic() - begin < 1.0
    assert process.running and process.exit_code is None
    process.kill()
    assert followed(process) == []
    assert process.exit_code == -signal.SIGKILL


@pytest.mark.parametrize("code", [SLEEPER, DEAF + SLEEPER], ids=["polite", "deaf"])
def test_a_terminated_process_is_gone_with_all_that_it_started(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: str
) -> None:
    monkeypatch.setattr(process_module, "PATIENCE", 0.5)
    process, pids = sleeping_tree(monkeypatch, tmp_path, code)
    process.terminate()
    followed(process)
    assert eventually(lambda: not any(is_alive(pid) for pid in pids), 5.0)


def test_a_killed_process_is_gone_with_all_that_it_started(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    process, pids = sleeping_tree(monkeypatch, tmp_path, DEAF + SLEEPER)
    process.kill()
    assert eventually(lambda: not any(is_alive(pid) for pid in pids), 5.0)
    followed(process)


def test_what_a_launcher_leaves_behind_when_it_alone_is_killed_ends_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(process_module, "PATIENCE", 0.5)
    process, pids = sleeping_tree(monkeypatch, tmp_path, SLEEPER)
    os.kill(pids[0], signal.SIGKILL)
    followed(process)
    assert process.exit_code == -signal.SIGKILL
    assert eventually(lambda: not any(is_alive(pid) for pid in pids), 5.0)


def test_a_process_that_escaped_and_holds_the_pipes_is_not_followed_for_ever(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(process_module, "PATIENCE", 0.2)
    monkeypatch.setattr(process_module, "WAIT_AFTER_KILL", 0.2)
    code = """
import subprocess, sys
code = "import time; time.sleep(5)"
subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
"""
    process = start(monkeypatch, python_program(tmp_path, code))
    followed(process, 4.0)
    assert process.exit_code == 0


def test_a_process_nobody_holds_any_more_is_killed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    process, pids = sleeping_tree(monkeypatch, tmp_path, SLEEPER)
    del process
    gc.collect()
    assert eventually(lambda: not any(is_alive(pid) for pid in pids), 5.0)


def test_a_python_that_cannot_be_started_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(HumorError, match="nowhere"):
        start(monkeypatch, str(tmp_path / "nowhere"))


def test_the_engine_runs_beside_modules_of_the_users_folder_without_taking_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if sys.version_info < (3, 11):
        pytest.skip("Python 3.10 knows no safe path")
    (tmp_path / "numpy.py").write_text("raise ImportError('the wrong numpy')")
    (tmp_path / "humor.py").write_text("raise ImportError('the wrong humor')")
    monkeypatch.chdir(tmp_path)
    process = ChildProcess(["sample", str(tmp_path / "sample")])
    process.start()
    followed(process)
    assert process.exit_code == 0, process.stderr_tail()
    assert (tmp_path / "sample").is_dir()


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks at /proc")
def test_the_engine_ends_when_slicer_is_killed(tmp_path: Path) -> None:
    sample = adapter.MODULE_FOLDER / "Resources" / "Sample"
    arguments = ["segment", str(sample), "--output", str(tmp_path / "output"), "--json"]
    parent = f"""
import json, sys, time
sys.path[:0] = {sys.path!r}
from emulation.mrml import start
start()
from HUMoRSegmentLib.run.process import ChildProcess
process = ChildProcess({arguments!r})
process.start()
while not process.poll():
    time.sleep(0.01)
print(process.pid, flush=True)
time.sleep(600)
"""
    slicer_in_place = subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True)
    assert slicer_in_place.stdout is not None
    pids = tree_of(int(slicer_in_place.stdout.readline()))
    slicer_in_place.kill()
    slicer_in_place.wait()
    assert eventually(lambda: not any(is_alive(pid) for pid in pids), 60.0)
    assert not (tmp_path / "output" / "report.json").exists()


def test_json_of_the_engine_is_what_is_parsed(tmp_path: Path) -> None:
    process = ChildProcess(["segment", str(tmp_path / "nothing"), "--output", str(tmp_path / "o"), "--json"])
    process.start()
    (event,) = followed(process)
    assert event.kind == "error" and event.data == {"type": "InputError", "exit_code": 1}
    assert json.loads(event.to_json())["message"] == event.message
