"""Only one at a time, however many processes fight for one folder, and whatever is killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

import humor
from humor.output.names import LABEL_MAP, REPORT
from humor.plain_files import FileLock

ENGINE = Path(humor.__file__).parents[1]
FIGHTERS = 6
SECONDS = 5.0

# Each writes results that all bear its own mark, cancels some of its runs, and counts.
_FIGHTER = """
    import json, random, sys, time
    from pathlib import Path
    sys.path.insert(0, sys.argv[1])
    from humor.errors import Cancelled, OutputError
    from humor.output.folder import OutputFolder
    from humor.output import folder
    folder.sync_file = folder.sync_folder = lambda path: None  # many runs rather than safe ones
    me, out, end = sys.argv[2], Path(sys.argv[3]), time.monotonic() + float(sys.argv[4])
    done = refused = number = 0
    while time.monotonic() < end:
        number += 1
        mark = f"{me}-{number}"
        try:
            with OutputFolder(out) as run:
                run.file("segmentation.nii.gz").write_text(mark)
                run.publish()
                for name in ("report.html", "routing.json", f"routing/{random.randrange(3)}.nii.gz"):
                    run.file(name).write_text(mark)
                if number % 5 == 0 and me != "last":
                    raise Cancelled("now")
                run.write_mark({"schema": "humor-report/1", "mark": mark})
                run.publish()
                found = {file.read_text() for file in out.rglob("*") if not file.name.startswith(".")
                         and file.is_file() and file.name != "report.json"}
                if found != {mark} or json.loads((out / "report.json").read_text())["mark"] != mark:
                    print("mixed", found, flush=True)
            done += 1
        except Cancelled:
            pass
        except OutputError as error:
            if "another run" not in str(error):
                print("wrong", error, flush=True)
            refused += 1
    print("end", done, refused, flush=True)
"""


def fighter(name: str, folder: Path, seconds: float) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(_FIGHTER), str(ENGINE), name, str(folder), str(seconds)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.skipif(sys.platform == "win32", reason="kills some")
def test_runs_that_fight_for_a_folder_never_mix_their_results(tmp_path: Path) -> None:
    """Some are killed in the midst: what they leave must neither stop nor confuse the others."""
    folder = tmp_path / "out"
    fighters = [fighter(str(number), folder, SECONDS) for number in range(FIGHTERS)]
    end = time.monotonic() + SECONDS
    killed = 0
    while time.monotonic() < end - 1:
        time.sleep(0.3)
        victim = fighter(f"victim{killed}", folder, 60)
        time.sleep(0.4)
        victim.kill()
        said = victim.communicate()[0]
        assert "mixed" not in said and "wrong" not in said, said
        killed += 1
    done = refused = 0
    for process in fighters:
        lines = process.communicate(timeout=60)[0].splitlines()
        assert [line for line in lines if not line.startswith("end")] == []
        done, refused = done + int(lines[-1].split()[1]), refused + int(lines[-1].split()[2])
    assert killed >= 3 and done >= 3 and refused >= 3, (killed, done, refused)  # how many depends on the load
    last = fighter("last", folder, 0.3)  # and whatever was left, the next run gets through
    assert last.communicate(timeout=60)[0].startswith("end")
    names = {file.name for file in folder.iterdir()}
    assert {LABEL_MAP, REPORT} <= names and not [name for name in names if name.startswith(".")]
    mark = json.loads((folder / REPORT).read_text())["mark"]
    assert (folder / LABEL_MAP).read_text() == mark


def test_whoever_has_opened_a_lock_that_is_then_removed_does_not_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The race itself, step by step: opened, removed by its holder, made anew and taken by a third."""
    path = tmp_path / "lock"
    holder = FileLock.take(path)
    assert holder is not None
    third: list[FileLock | None] = []
    really = os.open

    def slow(*arguments: object, **options: object) -> int:
        handle = really(*arguments, **options)  # type: ignore[arg-type]
        monkeypatch.setattr(os, "open", really)
        holder.release()
        third.append(FileLock.take(path))
        return handle

    monkeypatch.setattr(os, "open", slow)
    assert FileLock.take(path) is None
    assert third and third[0] is not None
    third[0].release()
    assert not path.exists()


def test_a_lock_is_never_emptied(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.write_text("precious")
    lock = FileLock.take(path)
    assert lock is not None and FileLock.take(path) is None
    lock.release()
    assert path.read_text() == "precious"
