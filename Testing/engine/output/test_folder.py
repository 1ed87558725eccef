"""An output folder's files appear whole or not at all."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import humor
from humor.errors import Cancelled, OutputError
from humor.output import folder as folder_module
from humor.output.folder import STAGING, OutputFolder
from humor.output.names import LABEL_MAP, REPORT, REPORT_PAGE, ROUTING_TABLE, SEGMENTS
from humor.output.ownership import JOURNAL
from humor.output.report_json import SCHEMA
from humor.system_failures import output_error

ENGINE = Path(humor.__file__).parents[1]


FACTS = {"schema": SCHEMA}


def write_run(path: Path, text: str, *names: str) -> None:
    """A complete run; its report, whatever else it says, names the run as ``run``."""
    with OutputFolder(path) as out:
        for name in names:
            out.file(name).write_text(text)
        out.write_mark({**FACTS, "run": text})


def content(path: Path) -> dict[str, str]:
    """Text of every file; of reports, which run they are of."""
    return {f.relative_to(path).as_posix(): text_of(f) for f in path.rglob("*") if f.is_file()}


def text_of(file: Path) -> str:
    text = file.read_text()
    return json.loads(text)["run"] if file.name == REPORT and text.startswith("{") else text


def results(path: Path) -> dict[str, str]:
    """What is visible under names of results."""
    return {name: text for name, text in content(path).items() if not name.startswith(".humor")}


def hidden(path: Path) -> list[str]:
    return sorted(file.name for file in path.iterdir() if file.name.startswith(".humor"))


def start_child(path: Path, body: str) -> subprocess.Popen[str]:
    """Another process that enters the folder, runs ``body``, says ``ready`` and waits."""
    head = f"""
        import sys, time
        from pathlib import Path
        sys.path.insert(0, {str(ENGINE)!r})
        from humor.output.folder import OutputFolder
        def ready():
            print("ready", flush=True)
            time.sleep(60)
        with OutputFolder(Path({str(path)!r})) as out:
    """
    code = textwrap.dedent(head) + textwrap.indent(textwrap.dedent(body), "    ")
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    return child


def kill(child: subprocess.Popen[str]) -> None:
    child.send_signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
    child.wait()


def test_files_appear_when_the_block_ends_and_nothing_else_stays(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder"
    with OutputFolder(path) as out:
        out.file(LABEL_MAP).write_text("labels")
        out.file("routing/gate.nii.gz").write_text("map")
        out.write_mark({**FACTS, "run": "1"})
        assert not (path / LABEL_MAP).exists()
        assert out.all_names() == sorted([LABEL_MAP, REPORT, "routing/gate.nii.gz"])
    assert content(path) == {LABEL_MAP: "labels", "routing/gate.nii.gz": "map", REPORT: "1"}
    assert not hidden(path)


def test_the_label_map_can_be_published_before_the_rest(tmp_path: Path) -> None:
    with OutputFolder(tmp_path) as out:
        out.file(LABEL_MAP).write_text("labels")
        out.publish()
        assert (tmp_path / LABEL_MAP).read_text() == "labels"
        out.write_mark(FACTS)
        assert not (tmp_path / REPORT).exists()
    assert out.names == [LABEL_MAP, REPORT]


def test_the_report_is_the_last_to_get_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order = []
    replace = os.replace

    def noted(a: Path, b: Path) -> None:
        order.extend([Path(b).name] if Path(b).name != JOURNAL else [])
        replace(a, b)

    monkeypatch.setattr(folder_module.os, "replace", noted)
    write_run(tmp_path, "x", LABEL_MAP, SEGMENTS, "zzz.txt")
    assert len(order) == 4
    assert order[-1] == REPORT


def test_the_old_report_is_gone_before_any_new_file_appears(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_run(tmp_path, "old", LABEL_MAP)
    seen = []
    replace = os.replace

    def noted(a: Path, b: Path) -> None:
        seen.extend([(tmp_path / REPORT).exists()] if Path(b).name != JOURNAL else [])
        replace(a, b)

    monkeypatch.setattr(folder_module.os, "replace", noted)
    write_run(tmp_path, "new", LABEL_MAP)
    assert seen == [False, False]


@pytest.mark.parametrize("error", [ValueError("bad"), Cancelled("stop"), KeyboardInterrupt()])
def test_an_error_or_a_cancel_leaves_the_earlier_results(tmp_path: Path, error: BaseException) -> None:
    write_run(tmp_path, "old", LABEL_MAP, SEGMENTS)
    before = content(tmp_path)
    with pytest.raises(type(error)), OutputFolder(tmp_path) as out:
        out.file(LABEL_MAP).write_text("half")
        raise error
    assert content(tmp_path) == before


def test_a_cancelled_first_run_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(Cancelled), OutputFolder(tmp_path / "new") as out:
        out.file(LABEL_MAP).write_text("half")
        raise Cancelled("stop")
    assert not (tmp_path / "new").exists()


def test_a_new_run_removes_the_earlier_runs_other_results_but_nothing_of_the_users(tmp_path: Path) -> None:
    write_run(tmp_path, "old", LABEL_MAP, "routing/a.nii.gz", "routing/b.nii.gz", ROUTING_TABLE, REPORT_PAGE)
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "t1.nii.gz").write_text("mine too")
    write_run(tmp_path, "new", LABEL_MAP, "routing/b.nii.gz")
    assert content(tmp_path) == {
        LABEL_MAP: "new",
        "routing/b.nii.gz": "new",
        REPORT: "new",
        "notes.txt": "mine",
        "t1.nii.gz": "mine too",
    }
    write_run(tmp_path, "newest", LABEL_MAP)
    assert not (tmp_path / "routing").exists()


def test_files_of_two_runs_never_count_as_one_result(tmp_path: Path) -> None:
    write_run(tmp_path, "old", LABEL_MAP, SEGMENTS)
    with pytest.raises(Cancelled), OutputFolder(tmp_path) as out:
        out.file(LABEL_MAP).write_text("new")
        out.publish()
        raise Cancelled("stop")
    assert results(tmp_path) == {LABEL_MAP: "new"}
    assert hidden(tmp_path) == [JOURNAL]  # which says that the label map is ours
    write_run(tmp_path, "newest", LABEL_MAP)
    assert content(tmp_path) == {LABEL_MAP: "newest", REPORT: "newest"}


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGKILL")
def test_a_killed_run_leaves_nothing_half_written_and_the_next_one_cleans_up(tmp_path: Path) -> None:
    write_run(tmp_path, "old", LABEL_MAP)
    child = start_child(
        tmp_path,
        """
        file = open(out.file("segmentation.nii.gz"), "w")
        file.write("half"); file.flush()
        out.file("routing/gate.nii.gz").write_text("half")
        ready()
        """,
    )
    kill(child)
    staged = {name for name in content(tmp_path) if name.startswith(STAGING)}
    assert staged, "the child was killed too late to show anything"
    assert results(tmp_path) == {LABEL_MAP: "old", REPORT: "old"}
    write_run(tmp_path, "new", LABEL_MAP)
    assert content(tmp_path) == {LABEL_MAP: "new", REPORT: "new"}


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGKILL")
def test_a_run_killed_after_its_label_map_is_not_complete(tmp_path: Path) -> None:
    write_run(tmp_path, "old", LABEL_MAP, SEGMENTS)
    child = start_child(
        tmp_path,
        """
        out.file("segmentation.nii.gz").write_text("new")
        out.publish()
        out.file("report.json").write_text("half")
        ready()
        """,
    )
    kill(child)
    assert results(tmp_path) == {LABEL_MAP: "new"}
    write_run(tmp_path, "newest", LABEL_MAP)
    assert content(tmp_path) == {LABEL_MAP: "newest", REPORT: "newest"}


def test_two_runs_cannot_write_into_one_folder_at_once(tmp_path: Path) -> None:
    child = start_child(tmp_path, "out.file('segmentation.nii.gz').write_text('theirs')\nready()")
    try:
        with pytest.raises(OutputError, match="another run"), OutputFolder(tmp_path):
            pass
        assert [file.read_text() for file in tmp_path.glob(f"{STAGING}*/{LABEL_MAP}")] == ["theirs"]
    finally:
        kill(child)


def test_a_file_in_place_of_the_folder_is_named_with_a_remedy(tmp_path: Path) -> None:
    file = tmp_path / "results"
    file.write_text("mine")
    with pytest.raises(OutputError, match=r"results.*choose another output folder"), OutputFolder(file):
        pass
    assert file.read_text() == "mine"


def test_an_unwritable_folder_is_named_with_a_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbid(self: Path, *args: object, **kwargs: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(self))

    monkeypatch.setattr(Path, "mkdir", forbid)
    with (
        pytest.raises(OutputError, match=r"locked.*not allowed.*permissions"),
        OutputFolder(tmp_path / "locked"),
    ):
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="limits the size of files as POSIX can")
def test_a_full_disk_is_named_and_the_earlier_results_stay(tmp_path: Path) -> None:
    """A real failure of a real write: the child may write no file beyond 1000 bytes."""
    write_run(tmp_path, "old", LABEL_MAP)
    code = f"""
        import resource, sys
        from pathlib import Path
        sys.path.insert(0, {str(ENGINE)!r})
        from humor.output.folder import OutputFolder
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        with OutputFolder(Path({str(tmp_path)!r})) as out:
            out.file("segmentation.nii.gz").write_bytes(bytes(5000))
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True)
    assert done.returncode != 0
    assert "OutputError" in done.stderr
    assert str(tmp_path) in done.stderr
    assert "free some space" in done.stderr
    assert content(tmp_path) == {LABEL_MAP: "old", REPORT: "old"}


def test_an_unreadable_input_is_not_blamed_on_the_output(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), OutputFolder(tmp_path / "out"):
        (tmp_path / "input.nii.gz").read_bytes()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.ENOTDIR, errno.EIO])
def test_every_failure_names_the_path_and_a_remedy(number: int) -> None:
    message = str(output_error(Path("some/where"), OSError(number, os.strerror(number))))
    assert "where" in message
    assert os.strerror(number) in message
    assert "choose another output folder" in message
