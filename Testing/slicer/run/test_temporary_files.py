from __future__ import annotations

import os
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
import slicer

from humor.errors import OutputError
from HUMoRSegmentLib.run.temporary_files import STALE_AFTER, make_folder, remove_folder


def test_folders_are_new_private_and_removed(tmp_path: Path) -> None:
    first, second = make_folder(tmp_path / "deep" / "down"), make_folder(tmp_path / "deep" / "down")
    assert first != second
    if os.name == "posix":
        assert first.stat().st_mode & 0o077 == 0
    (first / "inside").mkdir()
    (first / "inside" / "file").write_text("x")
    remove_folder(first)
    remove_folder(first)
    assert not first.exists() and second.exists()


def test_only_what_a_crashed_slicer_left_behind_is_removed(tmp_path: Path) -> None:
    old, recent = make_folder(tmp_path), make_folder(tmp_path)
    others = [tmp_path / "other", tmp_path / "HUMoR-results"]  # such as a user makes
    long_ago = time.time() - STALE_AFTER - 60
    for folder in others:
        folder.mkdir()
    for folder in (old, *others):
        os.utime(folder, (long_ago, long_ago))
    make_folder(tmp_path)
    assert not old.exists() and recent.exists() and all(folder.exists() for folder in others)


def test_a_folder_that_cannot_be_written_is_named_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"file cannot be written .*Application Settings"):
        make_folder(tmp_path / "file")


def test_temporary_folders_lie_where_slicer_keeps_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(slicer, "app", SimpleNamespace(temporaryPath=str(tmp_path / "Slicer-me")))
    assert make_folder().parent == tmp_path / "Slicer-me"
    (tmp_path / "file").write_text("")
    slicer.app.temporaryPath = str(tmp_path / "file")
    with pytest.raises(OutputError, match="Application Settings"):
        make_folder()
