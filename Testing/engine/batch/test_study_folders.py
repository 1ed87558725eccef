from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from humor.batch.state import STATE_FOLDER
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
        (["Case/t1.nii.gz", "case/t1.nii.gz"], "upper and lower case"),
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


def test_a_flat_folder_of_many_patients_is_taken_apart_by_how_names_begin(tmp_path: Path) -> None:
    touch(
        tmp_path,
        "UPENN-GBM-00001_11_T1.nii.gz",
        "UPENN-GBM-00001_11_T1GD.nii.gz",
        "UPENN-GBM-00001_11_automated_approx_segm.nii.gz",
        "UPENN-GBM-00002_11_FLAIR.nii.gz",
        "sub-01_ses-1_T1w.nii.gz",
        "sub-01_ses-2_acq-3D_FLAIR.nii.gz",
        "deep/down/A1_T1.nii",
        "deep/down/A1_T2.nii",
        "deep/down/A2_T1.nii",
    )
    assert found(tmp_path) == {
        "UPENN-GBM-00001_11": ["t1", "t1c"],
        "UPENN-GBM-00002_11": ["flair"],
        "sub-01_ses-1": ["t1"],
        "sub-01_ses-2": ["flair"],
        "deep_down_A1": ["t1", "t2"],
        "deep_down_A2": ["t1"],
    }


def test_numbers_of_series_are_no_patients(tmp_path: Path) -> None:
    touch(tmp_path, "a/2_ax_t1.nii", "a/3_ax_t2.nii", "a/s10_flair.nii")
    assert found(tmp_path) == {"a": ["flair", "t1", "t2"]}
    touch(tmp_path, "b/2_ax_t1.nii", "b/3_sag_t1.nii")
    (study,) = [study for study in find_studies(tmp_path, tmp_path / "out") if study.id == "b"]
    assert "2 files could be T1" in study.problem


def test_one_patients_files_in_the_root_are_one_study(tmp_path: Path) -> None:
    touch(tmp_path, "P1_t1.nii", "P1_flair.nii", "P1_seg.nii")
    with pytest.raises(UsageError, match="one study"):
        find_studies(tmp_path, tmp_path / "out")


def test_folders_of_sequences_are_no_studies_of_their_own(tmp_path: Path) -> None:
    touch(tmp_path, "P1/T1/image.nii", "P1/FLAIR/image.nii", "P2/T1c/t1c.nii.gz", "P2/T2/x.nii")
    assert found(tmp_path) == {"P1": ["flair", "t1"], "P2": ["t1c", "t2"]}


def test_a_folder_for_each_sequence_may_hold_many_patients(tmp_path: Path) -> None:
    touch(tmp_path, "T1/P1.nii", "T1/P2.nii", "FLAIR/P1.nii", "FLAIR/P2.nii", "FLAIR/P3.nii")
    assert found(tmp_path) == {"P1": ["flair", "t1"], "P2": ["flair", "t1"], "P3": ["flair"]}


def test_time_points_called_t1_and_t2_stay_studies(tmp_path: Path) -> None:
    touch(tmp_path, "P1/T1/flair.nii", "P1/T1/t2.nii", "P1/T2/flair.nii", "P1/T2/t1.nii")
    assert found(tmp_path) == {"P1_T1": ["flair", "t2"], "P1_T2": ["flair", "t1"]}


def test_numbered_files_are_studies_with_an_order_and_problems_without(tmp_path: Path) -> None:
    touch(tmp_path, *[f"imagesTs/case{case}_000{n}.nii.gz" for case in "ab" for n in range(4)])
    order = ("flair", "t1", "t1c", "t2")
    studies = {study.id: study for study in find_studies(tmp_path, tmp_path / "out", order)}
    assert list(studies) == ["imagesTs_casea", "imagesTs_caseb"]
    assert studies["imagesTs_caseb"].files["flair"].name == "caseb_0000.nii.gz"
    assert len(studies["imagesTs_casea"].files) == 4
    for study in find_studies(tmp_path, tmp_path / "out"):
        assert "--channels" in study.problem


def test_4d_files_are_studies_with_an_order(tmp_path: Path) -> None:
    touch(tmp_path, "imagesTs/BRATS_001.nii.gz", "imagesTs/BRATS_002.nii.gz")
    studies = find_studies(tmp_path, tmp_path / "out", ("flair", "t1", "t1c", "t2"))
    assert [study.id for study in studies] == ["imagesTs_BRATS_001", "imagesTs_BRATS_002"]
    assert {file.name for file in studies[0].files.values()} == {"BRATS_001.nii.gz"}


def test_a_sequence_that_cannot_be_used_is_its_studys_problem(tmp_path: Path) -> None:
    touch(tmp_path, "a/t1.nii", "b/t1.nii", "b/flair.mnc")
    studies = {study.id: study for study in find_studies(tmp_path, tmp_path / "out")}
    assert not studies["a"].problem
    assert "flair.mnc says that it is FLAIR" in studies["b"].problem
