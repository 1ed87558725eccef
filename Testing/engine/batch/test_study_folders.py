from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from humor.batch.names import STATE_FOLDER
from humor.batch.study_folders import find_studies
from humor.errors import UsageError


def touch(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"not read here")


def found(root: Path) -> dict[str, list[str]]:
    return {study.id: sorted(study.files) for study in find_studies(root, root / "out")}


def test_every_folder_with_sequences_is_a_study(tmp_path: Path) -> None:
    touch(tmp_path, "a/t1.nii.gz", "a/flair.nii.gz", "b/p_t1c.nrrd", "notes.txt", ".hidden/t1.nii")
    assert found(tmp_path) == {"a": ["flair", "t1"], "b": ["t1c"]}


def test_bids_sessions_are_studies_and_its_other_folders_are_not(tmp_path: Path) -> None:
    touch(
        tmp_path,
        "sub-1/ses-1/anat/sub-1_ses-1_T1w.nii.gz",
        "sub-1/ses-1/dwi/sub-1_ses-1_dwi.nii.gz",
        "sub-1/ses-2/anat/sub-1_ses-2_FLAIR.nii.gz",
        "sub-2/anat/sub-2_T2w.nii.gz",
        "derivatives/sub-1/anat/sub-1_T1w.nii.gz",
    )
    assert found(tmp_path) == {"sub-1_ses-1": ["t1"], "sub-1_ses-2": ["flair"], "sub-2": ["t2"]}


def test_a_mask_above_the_sessions_does_not_hide_them(tmp_path: Path) -> None:
    touch(tmp_path, "p/brain_mask.nii.gz", "p/one/t1.nii.gz", "p/two/t2.nii.gz")
    assert found(tmp_path) == {"p_one": ["t1"], "p_two": ["t2"]}


def test_what_cannot_be_segmented_is_listed_with_its_reason(tmp_path: Path) -> None:
    touch(tmp_path, "dicom/0001.dcm", "two/t1_a.nii.gz", "two/t1_b.nii.gz", "good/t1.nii.gz")
    studies = {study.id: study for study in find_studies(tmp_path, tmp_path / "out")}
    assert "DICOM" in studies["dicom"].problem and studies["dicom"].problem_type == "InputError"
    assert "2 files could be T1" in studies["two"].problem and "CSV" in studies["two"].problem
    assert not studies["good"].problem


def test_results_among_the_studies_are_no_studies(tmp_path: Path) -> None:
    touch(tmp_path, "a/t1.nii.gz", "out/a/t1.nii.gz", f"older/{STATE_FOLDER}/lock", "older/a/t1.nii.gz")
    assert list(found(tmp_path)) == ["a"]


def test_a_link_that_leads_back_up_is_not_followed_for_ever(tmp_path: Path) -> None:
    touch(tmp_path, "a/t1.nii.gz", "b/c/t2.nii.gz")
    try:
        (tmp_path / "b" / "loop").symlink_to(tmp_path, target_is_directory=True)
    except OSError:
        pytest.skip("this system makes no links")
    assert list(found(tmp_path)) == ["a", "b_c"]


def test_folders_that_link_to_each_other_are_searched_once(tmp_path: Path) -> None:
    """Each of ten links to all others: there are millions of ways, and ten places."""
    names = [f"d{number}" for number in range(10)]
    for name in names:
        touch(tmp_path, f"{name}/x/t1.nii.gz")
    elsewhere = tmp_path.with_name(f"{tmp_path.name}-elsewhere")
    for name in names:
        touch(elsewhere, f"{name}/y/t1.nii.gz")
    for folder in (tmp_path, elsewhere):
        for name in names:
            for other in names:
                (folder / name / f"to_{other}").symlink_to(folder / other, target_is_directory=True)
    (tmp_path / "z").symlink_to(elsewhere / "d0", target_is_directory=True)
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    begin = time.monotonic()
    studies = found(tmp_path)
    assert time.monotonic() - begin < 20
    assert [name for name in studies if name[0] == "d"] == [f"{name}_x" for name in names]
    assert len([name for name in studies if name[0] == "z"]) == 10


@pytest.mark.parametrize(("names", "words"), [([], "holds no folder"), (["t1.nii.gz"], "one study")])
def test_a_list_that_cannot_be_is_refused(tmp_path: Path, names: list[str], words: str) -> None:
    touch(tmp_path, *names)
    with pytest.raises(UsageError, match=words):
        find_studies(tmp_path, tmp_path / "out")


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["a/b/t1.nii.gz", "a_b/t1.nii.gz"], "also the name of"),
        (["Case/t1.nii.gz", "case/t1.nii.gz"], "capitals"),
        (["what?/t1.nii.gz"], "not allowed"),
        (["con/t1.nii.gz"], "Windows"),
        ([" spaced/t1.nii.gz"], "a dot or a space"),
    ],
)
def test_names_that_cannot_be_are_problems_of_their_studies_alone(
    tmp_path: Path, names: list[str], words: str
) -> None:
    touch(tmp_path, *names, "good/t1.nii.gz")
    studies = {study.id: study for study in find_studies(tmp_path, tmp_path / "out")}
    assert not studies.pop("good").problem
    assert len(studies) == len(names)
    for study in studies.values():
        assert words in study.problem and "Rename" in study.problem and not study.files


def test_a_name_that_is_no_text_is_a_problem_that_can_be_shown(tmp_path: Path) -> None:
    touch(tmp_path, "good/t1.nii.gz")
    (tmp_path / os.fsdecode(b"caf\xe9")).mkdir()
    touch(tmp_path, os.fsdecode(b"caf\xe9") + "/t1.nii.gz")
    studies = {study.id: study for study in find_studies(tmp_path, tmp_path / "out")}
    assert "UTF-8" in studies["caf\\xe9"].problem and not studies["good"].problem


def test_results_cannot_go_into_the_studies_folder(tmp_path: Path) -> None:
    touch(tmp_path, "a/t1.nii.gz")
    with pytest.raises(UsageError, match="Choose another"):
        find_studies(tmp_path, tmp_path)
