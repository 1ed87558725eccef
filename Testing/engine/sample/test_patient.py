"""The made-up patient: the same for the same seed, with a tumour that looks like one."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pytest
from scipy import ndimage

from humor.errors import OutputError, UsageError
from humor.regions import ED, ET, NCR, labels_to_regions
from humor.sample.patient import SampleStudy, generate, write_sample
from humor.sequences import SEQUENCES

SEEDS = (0, 5)
SPACING = 2.0


@pytest.fixture(scope="module")
def studies() -> dict[int, SampleStudy]:
    return {seed: generate(seed, SPACING) for seed in SEEDS}


def means(study: SampleStudy, sequence: str) -> dict[int, float]:
    """Mean z-score inside the brain, by label (0: healthy)."""
    image = study.images[sequence].astype(float)
    brain = image > 0
    z = (image - image[brain].mean()) / image[brain].std()
    return {label: float(z[brain & (study.labels == label)].mean()) for label in (0, NCR, ED, ET)}


def test_same_seed_gives_the_same_voxels(studies):
    again = generate(SEEDS[0], SPACING)
    for name in SEQUENCES:
        assert np.array_equal(again.images[name], studies[SEEDS[0]].images[name])
    assert np.array_equal(again.labels, studies[SEEDS[0]].labels)


def test_other_seeds_are_other_patients(studies):
    first, second = studies[SEEDS[0]], studies[SEEDS[1]]
    overlap = ((first.labels > 0) & (second.labels > 0)).sum()
    assert overlap < 0.5 * (first.labels > 0).sum()
    assert ((first.images["t1"] > 0) != (second.images["t1"] > 0)).mean() > 0.005


def test_all_images_share_one_grid_and_one_brain(studies):
    for study in studies.values():
        assert tuple(study.images) == SEQUENCES
        brain = study.images["t1"] > 0
        assert brain.shape == study.labels.shape == (120, 120, 78)
        assert all(np.array_equal(image > 0, brain) for image in study.images.values())
        assert not (study.labels[~brain]).any()
        assert np.allclose(np.diag(study.affine), [-SPACING, -SPACING, SPACING, 1])


def test_brain_is_one_piece_of_human_size(studies):
    for study in studies.values():
        brain = study.images["t1"] > 0
        assert 1200 < brain.sum() * SPACING**3 / 1000 < 1800
        pieces, count = ndimage.label(brain)
        assert np.bincount(pieces.ravel())[1:].max() > 0.999 * brain.sum(), count


@pytest.mark.parametrize("seed", SEEDS)
def test_tumour_has_a_plausible_size(studies, seed):
    regions = labels_to_regions(studies[seed].labels)
    whole, core, enhancing = regions.sum(axis=(1, 2, 3)) * SPACING**3 / 1000
    assert 40 < whole < 120
    assert 10 < core < 40
    assert 5 < enhancing < 30


@pytest.mark.parametrize("seed", SEEDS)
def test_tumour_parts_lie_within_each_other(studies, seed):
    """Necrosis is enclosed by the rim, and the core by oedema or the tumour's natural borders.

    A rim is thinner than these 2 mm voxels here and there, so it shows gaps.
    """
    labels = studies[seed].labels
    assert set(np.unique(labels)) == {0, NCR, ED, ET}
    shell = ndimage.binary_dilation(labels == NCR) & (labels != NCR)
    assert (labels[shell] == ET).mean() > 0.75
    outside = ndimage.binary_dilation((labels == NCR) | (labels == ET)) & (labels != NCR) & (labels != ET)
    assert (labels[outside] == ED).mean() > 0.5


@pytest.mark.parametrize("seed", SEEDS)
def test_sequences_show_the_tumour_as_real_ones_do(studies, seed):
    t1, t1c, t2, flair = (means(studies[seed], name) for name in SEQUENCES)
    assert t1c[ET] > 1.5 and t1c[ET] > t1c[ED] + 1.5, "the rim takes up contrast agent"
    assert t1c[NCR] < 0 < t1c[ET], "the dead middle does not"
    assert t1[NCR] < t1[ED], "necrosis is darkest in T1"
    assert t2[NCR] > t2[ED] > 0.5, "water is bright in T2"
    assert flair[ED] > 1.5 and flair[ET] > 1.5, "FLAIR shows the whole tumour"


@pytest.mark.parametrize(("seed", "spacing"), [(-1, 1.0), (1, 0.0), (1, 10.0)])
def test_impossible_wishes_are_wrong_usage(seed, spacing):
    with pytest.raises(UsageError, match="seed"):
        generate(seed, spacing)


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
