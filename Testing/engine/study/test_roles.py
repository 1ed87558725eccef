"""Roles guessed from the files of a folder."""

from __future__ import annotations

import pytest

from humor.errors import InputError, UsageError
from humor.study.roles import guess_roles


@pytest.fixture
def folder(tmp_path):
    def make(*names):
        for name in names:
            path = tmp_path / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(b"x")
        return tmp_path

    return make


def test_a_brats_folder_is_understood_with_reasons_and_its_labels_left_alone(folder):
    path = folder(*[f"B_1_{name}.nii.gz" for name in ("flair", "seg", "t1", "t1ce", "t2")], "notes.txt")
    guess = guess_roles(path)
    assert list(guess.files) == ["t1", "t1c", "t2", "flair"]
    assert guess.files["t1c"].name == "B_1_t1ce.nii.gz"
    assert guess.reasons["t1c"] == "'t1ce' in its name"
    assert [p.name for p in guess.ignored] == ["B_1_seg.nii.gz"]
    assert "segmentation" in guess.ignored_reasons[0]


def test_real_folders_are_understood(shared_data):
    for name in ("train/BraTS2021_00006", "other_lesions/openms_patient07"):
        assert list(guess_roles(shared_data / name).files) == ["t1", "t1c", "t2", "flair"]
    assert list(guess_roles(shared_data / "two_sequences/BRATS2013_pat0001").files) == ["t1c", "flair"]


def test_images_of_a_bids_subject_are_found_in_its_anat_folder(folder):
    path = folder("anat/sub-1_T1w.nii.gz", "anat/sub-1_ce-gd_T1w.nii.gz")
    assert {k: p.name for k, p in guess_roles(path).files.items()} == {
        "t1": "sub-1_T1w.nii.gz",
        "t1c": "sub-1_ce-gd_T1w.nii.gz",
    }


def test_two_candidates_are_listed_with_the_option_that_decides(folder):
    path = folder("t1_post.nii", "t1_gd.nii", "t2.nii")
    with pytest.raises(UsageError, match=r"t1_gd.nii, t1_post.nii.*--t1c FILE"):
        guess_roles(path)
    guess = guess_roles(path, {"t1c": path / "t1_gd.nii"})
    assert guess.files["t1c"].name == "t1_gd.nii"
    assert guess.reasons["t1c"] == "chosen by the user"
    assert [p.name for p in guess.ignored] == ["t1_post.nii"]


def test_a_file_that_the_user_names_plays_no_other_role(folder):
    path = folder("t1.nii", "t2.nii")
    assert list(guess_roles(path, {"flair": path / "t2.nii"}).files) == ["t1", "flair"]


def test_numbered_channels_are_not_guessed(folder):
    path = folder(*[f"case_000{n}.nii.gz" for n in range(4)])
    with pytest.raises(UsageError, match=r"data sets number them differently.*--t1c FILE"):
        guess_roles(path)


def test_a_contrast_word_in_all_names_decides_nothing(folder):
    path = folder("post_t1.nii", "post_t2.nii")
    with pytest.raises(UsageError, match=r"not clear which sequence post_t1.nii is: T1 or T1c"):
        guess_roles(path)
    assert list(guess_roles(path, {"t1": path / "post_t1.nii"}).files) == ["t1", "t2"]


def test_an_unclear_name_is_asked_about(folder):
    with pytest.raises(UsageError, match=r"not clear which sequence t1_flair.nii"):
        guess_roles(folder("t1_flair.nii", "t2.nii"))


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["notes.txt"], "holds no image"),
        (["1.dcm"], "DICOM"),
        (["scan.nii"], "no file name tells.*scan.nii"),
        (["seg.nii.gz"], "no file name tells"),
    ],
)
def test_folders_without_a_sequence_are_refused(folder, names, message):
    with pytest.raises(InputError, match=message):
        guess_roles(folder(*names))


def test_a_missing_folder_and_a_file_are_refused(folder):
    path = folder("t1.nii")
    with pytest.raises(InputError, match="does not exist"):
        guess_roles(path / "none")
    with pytest.raises(InputError, match="is a file"):
        guess_roles(path / "t1.nii")
