"""Roles guessed from the files of a folder."""

from __future__ import annotations

import sys

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


LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n"


def link(path, target):
    try:
        path.symlink_to(target)
    except OSError:
        pytest.skip("this system makes no links")


def test_a_sequence_that_is_a_dead_link_stops_the_run(folder):
    path = folder("t1.nii", "t2.nii")
    link(path / "flair.nii.gz", path / "gone")
    with pytest.raises(
        InputError, match=r"flair.nii.gz says that it is FLAIR, but it is a link to .*gone.*FILE"
    ):
        guess_roles(path)


def test_a_pointer_of_git_lfs_stops_the_run(folder):
    path = folder("t1.nii", "t2.nii")
    (path / "t1c.nii.gz").write_bytes(LFS)
    with pytest.raises(InputError, match=r"t1c.nii.gz says that it is T1c.*git lfs pull"):
        guess_roles(path)


@pytest.mark.parametrize("name", ["flair.mnc", "flair.nii.gz.zip", "P1_FLAIR.par", "flair"])
def test_a_sequence_in_a_format_that_is_not_read_stops_the_run(folder, name):
    with pytest.raises(InputError, match=rf"{name} says that it is FLAIR.*format that is not read"):
        guess_roles(folder("t1.nii", name))


@pytest.mark.parametrize("name", ["flair.json", "flair.txt", "flair.png", "flair.bval", "README"])
def test_what_lies_beside_images_is_no_image(folder, name):
    assert list(guess_roles(folder("t1.nii", name)).files) == ["t1"]


def test_what_cannot_be_used_and_is_not_needed_is_listed(folder):
    path = folder("t1.nii", "t2.nii")
    link(path / "t1_copy.nii.gz", path / "gone")
    guess = guess_roles(path)
    assert guess.files["t1"].name == "t1.nii"
    assert [p.name for p in guess.ignored] == ["t1_copy.nii.gz"]
    assert "which is not there" in guess.ignored_reasons[0]


def test_the_halves_of_a_pair_are_one_image(folder):
    path = folder("t1.hdr", "t1.img", "flair.nii")
    assert {name: file.name for name, file in guess_roles(path).files.items()} == {
        "t1": "t1.img",
        "flair": "flair.nii",
    }
    (path / "t1.hdr").unlink()
    with pytest.raises(InputError, match=r"t1.img says that it is T1.*t1.hdr"):
        guess_roles(path)


def test_a_header_without_its_voxels_stops_the_run(folder):
    with pytest.raises(InputError, match=r"t1.hdr says that it is T1, but it is a header whose voxels"):
        guess_roles(folder("t1.hdr", "flair.nii"))


def test_a_folder_for_each_sequence_is_a_study(folder):
    path = folder("T1/image.nii", "T1_post/image.nii", "flair/001.nii.gz", "notes/x.txt")
    guess = guess_roles(path)
    assert list(guess.files) == ["t1", "t1c", "flair"]
    assert "name of its folder" in guess.reasons["t1c"]


def test_folders_of_time_points_are_no_folders_of_sequences(folder):
    path = folder("T1/flair.nii", "T1/t2.nii", "T2/flair.nii")
    with pytest.raises(InputError, match="holds no image"):
        guess_roles(path)


def test_numbers_are_told_by_an_order(folder):
    path = folder(*[f"case_000{n}.nii.gz" for n in range(4)])
    files = guess_roles(path, None, ("flair", "t1", "t1c", "other")).files
    assert {name: file.name for name, file in files.items()} == {
        "t1": "case_0001.nii.gz",
        "t1c": "case_0002.nii.gz",
        "flair": "case_0000.nii.gz",
    }


def test_numbers_beyond_the_order_are_refused(folder):
    path = folder(*[f"case_000{n}.nii.gz" for n in range(3)])
    with pytest.raises(UsageError, match=r"case_0002.nii.gz has the number 2"):
        guess_roles(path, None, ("t1", "t2"))


def test_numbers_of_several_cases_are_no_study(folder):
    path = folder("a_0000.nii", "b_0000.nii")
    with pytest.raises(UsageError, match="several studies"):
        guess_roles(path, None, ("t1",))


def test_numbers_are_told_by_the_data_sets_own_file(folder):
    path = folder("imagesTr/case_0000.nii.gz", "imagesTr/case_0001.nii.gz")
    (path / "dataset.json").write_text('{"channel_names": {"0": "T2", "1": "FLAIR"}}')
    guess = guess_roles(path / "imagesTr")
    assert guess.files["flair"].name == "case_0001.nii.gz" and list(guess.files) == ["t2", "flair"]
    assert "dataset.json" in guess.reasons["t2"]


def test_one_file_may_hold_all_sequences(folder):
    path = folder("BRATS_001.nii.gz", "BRATS_001_seg.nii.gz")
    for place in (path, path / "BRATS_001.nii.gz"):
        guess = guess_roles(place, None, ("flair", "t1", "t1c", "t2"))
        assert list(guess.files) == ["t1", "t1c", "t2", "flair"]
        assert {file.name for file in guess.files.values()} == {"BRATS_001.nii.gz"}
        assert guess.reasons["flair"] == "volume 1 of 4"


def test_a_sidecar_tells_contrast_and_contradicts(folder):
    path = folder("5_series.nii.gz", "AX_T1.nii.gz", "FLAIR.nii.gz")
    (path / "5_series.json").write_text(
        '{"Modality": "MR", "SeriesDescription": "t2_tse_tra", "EchoTime": 0.1, "RepetitionTime": 4.0}'
    )
    (path / "AX_T1.json").write_text('{"ContrastBolusIngredient": "GADOLINIUM"}')
    guess = guess_roles(path)
    assert {name: file.name for name, file in guess.files.items()} == {
        "t1c": "AX_T1.nii.gz",
        "t2": "5_series.nii.gz",
        "flair": "FLAIR.nii.gz",
    }
    (path / "FLAIR.json").write_text(
        '{"EchoTime": 0.003, "RepetitionTime": 2.3, "InversionTime": 0.9, "ScanningSequence": "GR_IR"}'
    )
    with pytest.raises(UsageError, match=r"FLAIR.nii.gz is: .*sidecar values \(TR 2300 ms.*those of T1"):
        guess_roles(path)


@pytest.mark.parametrize("text", ["", "[1]", "{", '{"EchoTime": "x"}', '{"EchoTime": NaN}', "[" * 100_000])
def test_a_sidecar_that_is_none_says_nothing(folder, text):
    path = folder("t1.nii")
    (path / "t1.json").write_text(text)
    assert list(guess_roles(path).files) == ["t1"]


def test_files_of_several_patients_are_no_study(folder):
    path = folder("P1_t1.nii", "P1_t2.nii", "P2_flair.nii")
    with pytest.raises(UsageError, match=r"several patients \(P1, P2\).*humor batch"):
        guess_roles(path)
    chosen = {"flair": path / "P2_flair.nii"}
    assert list(guess_roles(path, chosen).files) == ["t1", "t2", "flair"]


@pytest.mark.skipif(sys.platform == "win32", reason="makes links")
def test_a_link_to_itself_is_a_sequence_that_cannot_be_used(folder):
    path = folder("t2.nii")
    (path / "t1.nii").symlink_to("t1.nii")
    with pytest.raises(InputError, match=r"t1\.nii says that it is T1, but it is a link"):
        guess_roles(path)
    assert list(guess_roles(path, {"t1": path / "t2.nii"}).files) == ["t1"]
