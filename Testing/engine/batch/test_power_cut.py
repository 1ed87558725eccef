"""Nothing gets its name before its content, and the names before it, are on the disk."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from humor.batch.batch_folder import BatchFolder
from humor.batch.state import RunStamp
from humor.output.folder import OutputFolder
from humor.output.names import LABEL_MAP, REPORT, REPORT_PAGE
from humor.output.report_json import SCHEMA

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="looks at /proc or /dev/fd")


class Watch:
    """Notes what is brought to the disk, and what gets which name, in order."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.done: list[tuple[str, str]] = []
        fsync, replace = os.fsync, os.replace

        def noted_sync(handle: int) -> None:
            facts = os.fstat(handle)
            self.done.append(("sync", f"{facts.st_dev}:{facts.st_ino}"))
            fsync(handle)

        def noted_replace(old: Path, new: Path) -> None:
            facts = os.stat(old)
            self.done.append(("name", f"{facts.st_dev}:{facts.st_ino} {Path(new).name}"))
            replace(old, new)

        monkeypatch.setattr(os, "fsync", noted_sync)
        monkeypatch.setattr(os, "replace", noted_replace)

    def named(self) -> list[str]:
        return [what.split()[1] for kind, what in self.done if kind == "name"]

    def check(self, folder: Path) -> None:
        """Each file was synced before it got its name, and its folder after."""
        place = f"{folder.stat().st_dev}:{folder.stat().st_ino}"
        for number, (kind, what) in enumerate(self.done):
            if kind == "name":
                assert ("sync", what.split()[0]) in self.done[:number], what
                assert ("sync", place) in self.done[number:], what


def test_results_and_their_folder_are_synced_the_mark_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = Watch(monkeypatch)
    with OutputFolder(tmp_path) as out:
        for name in (LABEL_MAP, REPORT_PAGE):
            out.file(name).write_text("x")
        out.write_mark({"schema": SCHEMA})
    watch.check(tmp_path)
    assert watch.named()[-1] == REPORT
    place = f"{tmp_path.stat().st_dev}:{tmp_path.stat().st_ino}"
    marked = next(number for number, (_, what) in enumerate(watch.done) if what.endswith(f" {REPORT}"))
    others = max(number for number, (_, what) in enumerate(watch.done) if what.endswith(f" {REPORT_PAGE}"))
    assert ("sync", place) in watch.done[others:marked]  # names of the others before the mark's


def test_stamps_tables_and_records_are_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with BatchFolder(tmp_path) as folder:
        watch = Watch(monkeypatch)
        folder.write_table(["a"])
        watch.check(tmp_path)
        watch.done.clear()
        folder.write_stamp("a", RunStamp({}, "m", "o"))
        watch.check(tmp_path / ".humor.batch")
        assert watch.named() == ["a.json"]
