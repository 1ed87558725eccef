"""Loading a study."""

from __future__ import annotations

import os

import nibabel
import numpy as np
import pytest

from humor.errors import InputError, UsageError
from humor.study.study import load_study


def test_sequences_come_in_their_order_whatever_the_order_of_files(phantom):
    files = {
        name: phantom.write(f"{name}.nii.gz", phantom.grid(), n) for n, name in enumerate(["flair", "t1"])
    }
    assert list(load_study(files).volumes) == ["t1", "flair"]


def test_warnings_of_files_are_warnings_of_the_study(phantom):
    import nibabel
    import numpy as np

    image = nibabel.Nifti1Image(phantom.paint(phantom.grid()).astype(np.int16), None)
    image.header["sform_code"] = image.header["qform_code"] = 0
    (phantom.folder / "t1.nii").write_bytes(image.to_bytes())
    assert "t1.nii" in str(load_study({"t1": phantom.folder / "t1.nii"}).warnings[0])


def test_one_file_as_two_sequences_is_refused(phantom):
    path = phantom.write("a.nii.gz", phantom.grid())
    link = phantom.folder / "b.nii.gz"
    os.link(path, link)
    for other in (path, link, path.parent / "." / "a.nii.gz"):
        with pytest.raises(InputError, match="both as T1 and as T2"):
            load_study({"t1": path, "t2": other})


def test_one_image_in_two_files_and_formats_is_refused(phantom):
    files = {"t1": phantom.write("a.nii.gz", phantom.grid()), "t2": phantom.write("b.mha", phantom.grid())}
    with pytest.raises(InputError, match=r"a.nii.gz.*b.mha.*given twice"):
        load_study(files)


def test_wrong_calls_are_told_so(phantom):
    with pytest.raises(UsageError, match="No sequence"):
        load_study({})
    with pytest.raises(UsageError, match="t3: not a sequence"):
        load_study({"t3": phantom.folder / "a.nii"})
    with pytest.raises(InputError, match=r"none.nii does not exist"):
        load_study({"t1": phantom.folder / "none.nii"})


def test_volumes_of_one_file_are_the_sequences_that_the_channels_name(phantom):
    grid = phantom.grid()
    first = phantom.paint(grid).astype(np.int16)
    path = phantom.folder / "case.nii.gz"
    nibabel.save(nibabel.Nifti1Image(np.stack([first, first[::-1]], axis=-1), grid.affine), path)
    study = load_study({"t1": path, "flair": path}, ("flair", "t1"))
    assert np.array_equal(study.volumes["flair"].data, first)
    assert np.array_equal(study.volumes["t1"].data, first[::-1])
    single = phantom.write("one.nii", grid)
    with pytest.raises(InputError, match="same image"):
        load_study({"t1": single, "flair": single}, ("flair", "t1"))


def test_images_beyond_32_bits_are_told_apart(tmp_path):
    """Their real values are infinite in 32 bits, where all infinite ones are the same."""
    rng = np.random.default_rng(0)
    for name in ("t1", "t2"):
        values = rng.uniform(1e299, 2e299, (10, 10, 10))
        nibabel.save(nibabel.Nifti1Image(values, np.diag([3.0, 3, 3, 1])), tmp_path / f"{name}.nii")
    study = load_study({name: tmp_path / f"{name}.nii" for name in ("t1", "t2")})
    assert list(study.volumes) == ["t1", "t2"]
    with pytest.raises(InputError, match="same image"):
        nibabel.save(nibabel.load(tmp_path / "t1.nii"), tmp_path / "copy.nii")
        load_study({"t1": tmp_path / "t1.nii", "t2": tmp_path / "copy.nii"})
