from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from humor.errors import UsageError
from humor_training.augmentation.config import SynthesisConfig
from humor_training.augmentation.synthesis.contrast import PARTS, TUMOUR_ORDER, draw_contrast
from humor_training.augmentation.synthesis.head import load_template
from humor_training.augmentation.synthesis.patients import (
    Anatomy,
    make_anatomy,
    make_patients,
    synthetic_patient,
)
from humor_training.data.labelled_case import LabelledCase

CPU = torch.device("cpu")
SMALL = SynthesisConfig(core_ml=(2.0, 6.0), oedema_ml=(4.0, 12.0), ordered=1.0)


@pytest.fixture(scope="module")
def patients(templates: Path) -> list[LabelledCase]:
    return make_patients(templates, 4, 1, SMALL)


@pytest.fixture(scope="module")
def anatomy(templates: Path) -> Anatomy:
    return make_anatomy(load_template(templates), SMALL, np.random.default_rng(5))


def test_patients_are_cases_as_the_engine_makes_them(patients: list[LabelledCase]) -> None:
    for case in patients:
        assert case.image.dtype == np.float16 and case.available.all()
        assert all(length % 16 == 0 for length in case.labels.shape)
        assert set(np.unique(case.labels)) <= {0, 1, 2, 4}
        brain = (case.image != 0).any(axis=0)
        assert not case.labels[~brain].any()
        for sequence in case.image.astype(np.float32):
            assert abs(sequence[brain].mean()) < 0.02 and abs(sequence[brain].std() - 1) < 0.02
            assert np.abs(sequence).max() <= 6


def test_volumes_are_in_the_range_asked_for(patients: list[LabelledCase]) -> None:
    for case in patients:
        core, oedema = (case.labels % 2 == 1) | (case.labels == 4), case.labels == 2
        assert 1.9 < core.sum() / 1000 < 6.1
        assert 3.9 < oedema.sum() / 1000 < 12.1


def test_oedema_lies_in_tissue_and_mostly_in_white_matter(anatomy: Anatomy) -> None:
    oedema = (anatomy.labels == 2)[anatomy.brain]
    part = {name: anatomy.parts[row].float() / 255 for row, name in enumerate(PARTS)}
    assert int(oedema.sum()) > 1000
    assert float(part["fluid"][oedema].max()) < 0.51
    assert float(part["oedema"][oedema].mean()) > 0.3
    assert float(part["white"][oedema].sum()) > float(part["grey"][oedema].sum())


def test_parts_of_every_voxel_sum_to_one(anatomy: Anatomy) -> None:
    total = anatomy.parts.float().sum(dim=0) / 255
    assert float((total - 1).abs().max()) < 0.03


def test_rim_and_dead_middle_or_neither(templates: Path) -> None:
    never = replace(SMALL, without_rim=1.0)
    plain = make_patients(templates, 1, 3, never)[0]
    assert not (plain.labels == 4).any() and (plain.labels == 1).any()
    always = replace(SMALL, without_rim=0.0, necrotic=(0.4, 0.4))
    ring = make_patients(templates, 1, 3, always)[0]
    assert (ring.labels == 4).any() and (ring.labels == 1).any()
    t1c = ring.image[1].astype(np.float32)
    assert t1c[ring.labels == 4].mean() > t1c[ring.labels == 1].mean() + 0.5
    flair = ring.image[3].astype(np.float32)
    assert flair[ring.labels == 2].mean() > flair[(ring.labels == 0) & (flair != 0)].mean() + 0.5


def test_a_patient_of_a_seed_is_always_the_same(templates: Path, patients: list[LabelledCase]) -> None:
    again = make_patients(templates, 1, 1, SMALL)[0]
    np.testing.assert_array_equal(again.image, patients[0].image)
    np.testing.assert_array_equal(again.labels, patients[0].labels)
    assert again.labels.shape != patients[1].labels.shape or (again.labels != patients[1].labels).any()


def test_one_anatomy_is_painted_anew_every_time_and_repeatably(templates: Path) -> None:
    config = replace(SMALL, anatomies=1)
    first, second, other = (
        synthetic_patient(str(templates), config, np.random.default_rng(seed), CPU) for seed in (0, 0, 1)
    )
    assert bool((first.image == second.image).all())
    assert bool((first.labels == other.labels).all()) and not bool((first.image == other.image).all())


@pytest.mark.parametrize("seed", range(5))
def test_the_physical_order_of_contrasts_is_kept(seed: int) -> None:
    table, _, _ = draw_contrast(1.0, np.random.default_rng(seed))
    fluid, grey, white = (table[:, PARTS.index(name)] for name in ("fluid", "grey", "white"))
    assert white[0] > grey[0] > fluid[0] and fluid[2] > grey[2] > white[2]
    assert fluid[3] < white[3] < grey[3]
    for row, pairs in enumerate(TUMOUR_ORDER.values()):
        for part, tissue, sign in pairs:
            assert sign * (table[row, PARTS.index(part)] - table[row, PARTS.index(tissue)]) >= 0.49


def test_without_order_every_order_of_tissues_occurs() -> None:
    rng, seen = np.random.default_rng(0), set()
    for _ in range(60):
        seen.add(tuple(np.argsort(draw_contrast(0.0, rng)[0][0, :3]).tolist()))
    assert len(seen) == 6


def test_a_folder_without_templates_is_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"t1\.nii\.gz"):
        load_template(tmp_path)
    with pytest.raises(UsageError, match="templates"):
        synthetic_patient("", SMALL, np.random.default_rng(0), CPU)


def test_the_average_brain_gives_sizes_as_people_have(shared_data: Path) -> None:
    case = make_patients(shared_data / "templates" / "mni152_09a", 1, 0)[0]
    brain_ml = (case.image != 0).any(axis=0).sum() / 1000
    assert 1200 < brain_ml < 2300
