from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from run.processes import eventually, is_alive, program, python_program, tree_of

from humor.events import Event
from HUMoRSegmentLib import adapter
from HUMoRSegmentLib.run.task import CANCELLED, DONE, FAILED, RUNNING, Task

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="ends processes by signals")

SAMPLE = adapter.MODULE_FOLDER / "Resources" / "Sample"
SEGMENT = ["segment", "--t1c", str(SAMPLE / "t1c.nii.gz"), "--no-report", "--device", "cpu", "--json"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "task"
    place.mkdir()
    return place


@pytest.fixture
def new_task(folder: Path) -> Iterator[Callable[..., Task]]:
    """Starts tasks, and closes them at the end."""
    tasks = []

    def make(arguments: list[str], python: str = "") -> Task:
        with pytest.MonkeyPatch.context() as patch:
            if python:
                patch.setattr(adapter, "python_executable", lambda: python)
            task = Task(arguments, folder)
            task.start()
        tasks.append(task)
        return task

    yield make
    for task in tasks:
        task.close()


def nothing() -> None:
    pass


def until(task: Task, reached: Callable[[Task], bool]) -> list[int]:
    """Poll until something holds; returns the processes that then run."""
    assert eventually(lambda: task.poll() and reached(task), 60.0), task.error
    assert task.pid is not None
    return tree_of(task.pid)


def test_a_run_of_the_sample_is_followed_to_its_result(folder: Path) -> None:
    seen: list[Event] = []
    fractions: list[float | None] = []
    task = Task(SEGMENT, folder, seen.append)
    assert task.state == RUNNING and not task.poll()
    task.start()
    task.wait(lambda: fractions.append(task.fraction))
    assert (task.state, task.error) == (DONE, "")
    assert set(task.result["volumes_ml"]) == {"WT", "TC", "ET"}
    assert (task.output / "segmentation.seg.nrrd").is_file()
    assert Path(task.result["output"]) == task.output
    known = [fraction for fraction in fractions if fraction is not None]
    assert known == sorted(known) and task.fraction == 1.0
    assert task.seconds > 0 and task.seconds_left is None
    assert any("T1c" in warning for warning in task.warnings)
    assert [event.kind for event in seen].count("result") == 1
    task.close()
    task.close()
    assert not folder.exists() and task.state == DONE


def test_a_cancelled_run_leaves_no_process_and_no_file(new_task: Callable[..., Task], folder: Path) -> None:
    task = new_task(SEGMENT)
    pids = until(task, lambda task: task.fraction is not None)
    task.cancel()
    task.cancel()
    task.wait(nothing)
    assert task.state == CANCELLED and task.result == {}
    assert not any(is_alive(pid) for pid in pids)
    assert not list(folder.rglob("*.nii.gz"))
    task.close()
    assert not folder.exists()


def test_a_run_killed_from_outside_says_so_and_what_to_do(
    new_task: Callable[..., Task], folder: Path
) -> None:
    task = new_task(SEGMENT)
    pids = until(task, lambda task: task.fraction is not None)
    os.kill(pids[0], signal.SIGKILL)
    task.wait(nothing)
    assert task.state == FAILED
    assert "ended from outside (SIGKILL)" in task.error and "memory" in task.error
    assert "Close other programs" in task.error
    task.close()
    assert not folder.exists()


def test_closing_a_running_task_kills_it(new_task: Callable[..., Task], folder: Path) -> None:
    task = new_task(SEGMENT)
    pids = until(task, lambda task: task.fraction is not None)
    task.close()
    assert not any(is_alive(pid) for pid in pids)
    assert task.state == CANCELLED and not task.poll() and not folder.exists()


def test_the_engines_own_error_is_shown(new_task: Callable[..., Task], tmp_path: Path) -> None:
    task = new_task(["segment", "--t1", str(tmp_path / "gone.nii.gz"), "--json"])
    task.wait(nothing)
    assert task.state == FAILED
    assert "gone.nii.gz does not exist" in task.error


def test_an_output_that_cannot_be_written_names_the_folder_and_the_remedy(
    new_task: Callable[..., Task], folder: Path
) -> None:
    (folder / "output").write_text("a file stands in the way")
    task = new_task(SEGMENT)
    task.wait(nothing)
    assert task.state == FAILED
    assert str(folder) in task.error and "temporary folder can be changed" in task.error


def test_a_full_disk_is_an_error_that_says_so(new_task: Callable[..., Task], tmp_path: Path) -> None:
    python = program(tmp_path, 'ulimit -f 4\nexec "$PYTHON" "$@"')  # no file above a few kilobytes
    task = new_task(SEGMENT, python)
    task.wait(nothing)
    assert task.state == FAILED
    assert "temporary folder can be changed" in task.error and "ended from outside" not in task.error


def test_a_crash_is_told_apart_from_a_kill(new_task: Callable[..., Task], tmp_path: Path) -> None:
    task = new_task(SEGMENT, program(tmp_path, "echo loading the driver >&2\nkill -SEGV $$"))
    task.wait(nothing)
    assert task.state == FAILED
    assert "crashed (SIGSEGV)" in task.error and task.error.endswith("loading the driver")


def test_an_engine_that_cannot_be_imported_shows_the_last_lines(
    new_task: Callable[..., Task], tmp_path: Path
) -> None:
    task = new_task(SEGMENT, python_program(tmp_path, "import no_such_package"))
    task.wait(nothing)
    assert task.state == FAILED
    assert "No module named 'no_such_package'" in task.error


def test_an_end_without_result_is_a_failure_even_with_exit_code_0(
    new_task: Callable[..., Task], tmp_path: Path
) -> None:
    task = new_task(SEGMENT, python_program(tmp_path, "print('nothing to see')"))
    task.wait(nothing)
    assert task.state == FAILED and "exit code 0" in task.error


def test_a_run_that_ends_as_cancelled_by_itself_counts_as_cancelled(new_task: Callable[..., Task]) -> None:
    task = new_task(SEGMENT)
    pids = until(task, lambda task: task.fraction is not None)
    os.kill(pids[0], signal.SIGTERM)
    task.wait(nothing)
    assert task.state == CANCELLED
