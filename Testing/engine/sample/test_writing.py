"""The files of the sample study, and the copy that comes with HUMoR."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pytest

from humor.errors import OutputError
from humor.sample import SampleStudy, generate, write_sample
from humor.sequences import SEQUENCES

BUNDLED = Path(__file__).resolve().parents[3] / "HUMoRSegment" / "Resources" / "Sample"
FILES = [f"{name}.nii.gz" for name in (*SEQUENCES, "truth")]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, SampleStudy]:
    folder = tmp_path_factory.mktemp("sample") / "new" / "folder"
    return folder, write_sample(folder, 3, 4.0)


def test_written_files_hold_the_generated_voxels(written):
    folder, study = written
    for name, data in {**study.images, "truth": study.labels}.items():
        image = nibabel.load(folder / f"{name}.nii.gz")
        assert np.array_equal(np.asarray(image.dataobj), data)
        assert np.array_equal(image.affine, study.affine)
        assert image.get_data_dtype() == np.uint8
        assert "".join(nibabel.aff2axcodes(image.affine)) == "LPS"


def test_writing_again_gives_the_same_bytes(written, tmp_path):
    write_sample(tmp_path, 3, 4.0)
    for name in FILES:
        assert (tmp_path / name).read_bytes() == (written[0] / name).read_bytes()


def test_images_of_the_users_are_kept_and_the_same_sample_may_be_written_again(tmp_path):
    write_sample(tmp_path, 3, 4.0)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    write_sample(tmp_path, 3, 4.0)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    with pytest.raises(OutputError, match="choose another output folder"):
        write_sample(tmp_path, 4, 4.0)
    (tmp_path / "t1.nii.gz").write_bytes(b"a patient's")
    with pytest.raises(OutputError, match=r"t1\.nii\.gz"):
        write_sample(tmp_path, 3, 4.0)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before | {
        "t1.nii.gz": b"a patient's"
    }


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="file"):
        write_sample(tmp_path / "file", 3, 4.0)


def test_bundled_study_is_small():
    assert sum((BUNDLED / name).stat().st_size for name in FILES) <= 4_000_000


def test_bundled_study_is_what_the_code_generates():
    """One level in a thousandth of the voxels is left to the rounding of other library versions."""
    study = generate()
    for name, data in {**study.images, "truth": study.labels}.items():
        stored = np.asarray(nibabel.load(BUNDLED / f"{name}.nii.gz").dataobj)
        assert stored.shape == data.shape == (240, 240, 155)
        different = stored != data
        assert different.mean() <= 1e-3, name
        if name != "truth":
            assert np.abs(stored.astype(int) - data)[different].max(initial=0) <= 1, name
