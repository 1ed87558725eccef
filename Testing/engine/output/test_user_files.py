"""What a user has in an output folder stays as it is, whatever its name, and whatever links lead where."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from humor.errors import Cancelled, OutputError, UsageError, UserFileError
from humor.output.folder import LOCK, OutputFolder
from humor.output.names import LABEL_MAP, PROBABILITIES, REPORT, REPORT_PAGE, SEGMENTS
from humor.output.ownership import FILES, JOURNAL, SEAL, Journal
from humor.output.report_json import SCHEMA

links = pytest.mark.skipif(sys.platform == "win32", reason="Windows lets not everybody make links")


def write_run(path: Path, text: str, *names: str, inputs: tuple[Path, ...] = ()) -> None:
    with OutputFolder(path, inputs=inputs) as out:
        for name in names or (LABEL_MAP, REPORT_PAGE, "routing/a.nii.gz"):
            out.file(name).write_text(text)
        out.write_mark({"schema": SCHEMA, "outputs": [*out.all_names(), REPORT]})


def state(path: Path) -> dict[str, bytes | str]:
    """Everything below a folder: bytes of files, targets of links."""
    return {
        item.relative_to(path).as_posix(): os.readlink(item) if item.is_symlink() else item.read_bytes()
        for item in path.rglob("*")
        if item.is_symlink() or item.is_file()
    }


@contextmanager
def untouched(*folders: Path) -> Iterator[None]:
    before = [state(folder) for folder in folders]
    yield
    assert [state(folder) for folder in folders] == before


def refused(path: Path, words: str, error: type[Exception] = UserFileError) -> None:
    with untouched(path), pytest.raises(error, match=words):
        write_run(path, "new")


@pytest.mark.parametrize("name", [LABEL_MAP, SEGMENTS, REPORT_PAGE, REPORT, "routing/my_map.nii.gz"])
def test_a_file_with_a_results_name_that_no_run_wrote_is_kept(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("an expert's")
    refused(tmp_path, f"{name}.*choose another output folder")


def test_all_of_them_are_named(tmp_path: Path) -> None:
    for name in (LABEL_MAP, REPORT_PAGE):
        (tmp_path / name).write_text("an expert's")
    refused(tmp_path, f"{REPORT_PAGE}, {LABEL_MAP}")


def test_files_of_other_names_lie_beside_results(tmp_path: Path) -> None:
    (tmp_path / "routing").mkdir()
    for name in ("t1.nii.gz", "notes.txt", "routing/notes.txt", "segmentation.nii"):
        (tmp_path / name).write_text("mine")
    write_run(tmp_path, "one")
    write_run(tmp_path, "two", LABEL_MAP)
    mine = {name for name, data in state(tmp_path).items() if data == b"mine"}
    assert mine == {"t1.nii.gz", "notes.txt", "routing/notes.txt", "segmentation.nii"}
    assert not (tmp_path / "routing" / "a.nii.gz").exists() and not (tmp_path / REPORT_PAGE).exists()


@pytest.mark.parametrize("name", [LABEL_MAP, REPORT_PAGE, "routing/a.nii.gz"])
def test_a_result_that_was_corrected_is_kept(tmp_path: Path, name: str) -> None:
    write_run(tmp_path, "old")
    times = (tmp_path / name).stat()
    (tmp_path / name).write_text("new"[:3])  # of the same size and age
    os.utime(tmp_path / name, ns=(times.st_atime_ns, times.st_mtime_ns))
    refused(tmp_path, f"{name} changed since")


def test_a_result_that_is_corrected_while_a_run_goes_on_is_kept(tmp_path: Path) -> None:
    write_run(tmp_path, "old", LABEL_MAP)
    with pytest.raises(UserFileError, match="changed since"), OutputFolder(tmp_path) as out:
        out.file(LABEL_MAP).write_text("new")
        (tmp_path / LABEL_MAP).write_text("corrected")
        out.publish()
    assert (tmp_path / LABEL_MAP).read_text() == "corrected"
    assert (tmp_path / REPORT).is_file()


def test_a_label_map_that_is_corrected_before_the_report_is_kept(tmp_path: Path) -> None:
    with pytest.raises(UserFileError, match="changed since"), OutputFolder(tmp_path) as out:
        out.file(LABEL_MAP).write_text("new")
        out.publish()
        (tmp_path / LABEL_MAP).write_text("corrected")
        out.write_mark({"schema": SCHEMA})
    assert (tmp_path / LABEL_MAP).read_text() == "corrected"
    refused(tmp_path, "changed since")


def test_a_report_that_was_edited_vouches_for_nothing(tmp_path: Path) -> None:
    write_run(tmp_path, "old")
    facts = json.loads((tmp_path / REPORT).read_text())
    (tmp_path / REPORT).write_text(json.dumps(facts | {"notice": "mine"}))
    refused(tmp_path, REPORT)
    for key in (FILES, SEAL):
        (tmp_path / REPORT).write_text(json.dumps({k: v for k, v in facts.items() if k != key}))
        refused(tmp_path, REPORT)


def test_a_report_can_claim_no_file_that_is_no_result(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    for name in ("precious.txt", "out/precious.txt"):
        (tmp_path / name).write_text("old")
    listed = ["../precious.txt", "precious.txt", "routing/../precious.txt", "routing/../../precious.txt"]
    (tmp_path / "out" / REPORT).write_text(json.dumps({"schema": SCHEMA, "outputs": [*listed, REPORT]}))
    write_run(tmp_path / "out", "new")
    assert (tmp_path / "precious.txt").is_file() and (tmp_path / "out" / "precious.txt").is_file()


def test_of_a_report_without_hashes_what_is_newer_is_the_users(tmp_path: Path) -> None:
    """As version 0.1.0 wrote them."""
    names = [LABEL_MAP, REPORT_PAGE]
    for name in names:
        (tmp_path / name).write_text("old")
    (tmp_path / REPORT).write_text(json.dumps({"schema": SCHEMA, "outputs": [*names, REPORT]}))
    written = (tmp_path / REPORT).stat().st_mtime_ns
    os.utime(tmp_path / LABEL_MAP, ns=(written, written + 1))
    refused(tmp_path, f"{LABEL_MAP} changed since")
    os.utime(tmp_path / LABEL_MAP, ns=(written, written))
    write_run(tmp_path, "new", LABEL_MAP)
    assert set(state(tmp_path)) == {LABEL_MAP, REPORT}


def test_a_cancelled_run_over_a_report_without_hashes_knows_what_is_its_own(tmp_path: Path) -> None:
    for name in (LABEL_MAP, REPORT_PAGE):
        (tmp_path / name).write_text("old")
    (tmp_path / REPORT).write_text(
        json.dumps({"schema": SCHEMA, "outputs": [LABEL_MAP, REPORT_PAGE, REPORT]})
    )
    with pytest.raises(Cancelled), OutputFolder(tmp_path) as out:
        out.file(LABEL_MAP).write_text("new")
        out.publish()
        raise Cancelled("now")
    write_run(tmp_path, "newest", LABEL_MAP)
    assert set(state(tmp_path)) == {LABEL_MAP, REPORT}


def test_an_emptied_result_is_replaced(tmp_path: Path) -> None:
    write_run(tmp_path, "old")
    (tmp_path / LABEL_MAP).write_bytes(b"")
    write_run(tmp_path, "new")
    assert (tmp_path / LABEL_MAP).read_text() == "new"


def test_an_input_under_a_results_name_is_refused_even_if_we_wrote_it(tmp_path: Path) -> None:
    write_run(tmp_path, "old", PROBABILITIES)
    inputs = [tmp_path / PROBABILITIES, tmp_path / "x" / ".." / PROBABILITIES]
    (tmp_path / "x").mkdir()
    if sys.platform != "win32":
        (tmp_path / "link.nii.gz").symlink_to(tmp_path / PROBABILITIES)
        os.link(tmp_path / PROBABILITIES, tmp_path / "second.nii.gz")
        inputs += [tmp_path / "link.nii.gz", tmp_path / "second.nii.gz"]
    for file in inputs:
        with untouched(tmp_path), pytest.raises(UsageError, match="this input lies in the output folder"):
            write_run(tmp_path, "new", LABEL_MAP, inputs=(file,))


@links
@pytest.mark.parametrize("name", [LABEL_MAP, REPORT, "routing/a.nii.gz"])
@pytest.mark.parametrize("dead", [True, False])
def test_a_link_with_a_results_name_is_the_users(tmp_path: Path, name: str, dead: bool) -> None:
    out, theirs = tmp_path / "out", tmp_path / "theirs"
    theirs.mkdir()
    (out / name).parent.mkdir(parents=True)
    if not dead:
        (theirs / "precious").write_text("precious")
    (out / name).symlink_to(theirs / "precious")
    with untouched(theirs):
        refused(out, name)


@links
def test_a_result_that_was_replaced_by_a_link_is_the_users(tmp_path: Path) -> None:
    write_run(tmp_path / "out", "old")
    (tmp_path / "out" / LABEL_MAP).rename(tmp_path / "moved.nii.gz")  # with the very bytes that we wrote
    (tmp_path / "out" / LABEL_MAP).symlink_to(tmp_path / "moved.nii.gz")
    refused(tmp_path / "out", f"{LABEL_MAP} changed since")


@links
def test_a_folder_of_maps_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    out, maps = tmp_path / "out", tmp_path / "maps"
    maps.mkdir()
    (maps / "a.nii.gz").write_text("precious")
    write_run(out, "old", LABEL_MAP)
    (out / "routing").symlink_to(maps, target_is_directory=True)
    with untouched(maps):
        refused(out, "routing")


@links
@pytest.mark.parametrize("name", [LOCK, JOURNAL])
def test_a_link_with_a_name_of_ours_is_neither_followed_nor_removed(tmp_path: Path, name: str) -> None:
    out, theirs = tmp_path / "out", tmp_path / "theirs"
    out.mkdir()
    theirs.mkdir()
    (theirs / "precious").write_text("precious")
    for target in (theirs / "precious", theirs, theirs / "nothing"):
        (out / name).symlink_to(target)
        with untouched(theirs):
            refused(out, "link", OutputError)
        (out / name).unlink()


@links
def test_links_with_the_names_of_earlier_versions_are_left_alone(tmp_path: Path) -> None:
    out, theirs = tmp_path / "out", tmp_path / "theirs"
    out.mkdir()
    theirs.mkdir()
    (theirs / "lock").write_text("precious")
    (out / ".humor.partial").symlink_to(theirs, target_is_directory=True)
    with untouched(theirs):
        write_run(out, "new")
    assert (out / ".humor.partial").is_symlink()


def test_a_file_of_the_users_with_the_name_of_the_lock_or_the_journal_is_kept(tmp_path: Path) -> None:
    (tmp_path / LOCK).write_text("mine")
    write_run(tmp_path, "new", LABEL_MAP)
    assert (tmp_path / LOCK).read_text() == "mine"
    for text in ("mine", "{}", "[" * 100_000, '{"schema": "humor-journal/1", "staging": "", "files": 3}'):
        (tmp_path / JOURNAL).write_text(text)
        refused(tmp_path, "not as HUMoR wrote it", OutputError)


@pytest.mark.parametrize("name", ["mine", "..", "../mine", ".humor-run-0/../mine", ".humor-run-mine.partial"])
def test_a_journal_has_no_folder_removed_that_is_none_of_ours(tmp_path: Path, name: str) -> None:
    for folder in (tmp_path / "out" / "mine", tmp_path / "mine"):
        folder.mkdir(parents=True)
        (folder / "precious").write_text("precious")
    Journal(tmp_path / "out" / JOURNAL).write(name, {})
    write_run(tmp_path / "out", "new")
    assert (tmp_path / "mine" / "precious").is_file() and (tmp_path / "out" / "mine" / "precious").is_file()


@links
def test_a_staging_folder_that_became_a_link_is_not_emptied(tmp_path: Path) -> None:
    out, theirs = tmp_path / "out", tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "precious").write_text("precious")
    out.mkdir()
    (out / ".humor-run-00ff.partial").symlink_to(theirs, target_is_directory=True)
    Journal(out / JOURNAL).write(".humor-run-00ff.partial", {})
    with untouched(theirs):
        write_run(out, "new")


@links
def test_something_that_is_no_file_in_place_of_the_lock_is_an_error(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / LOCK)
    with pytest.raises(OutputError, match="remove it or choose"):
        write_run(tmp_path, "new")
