"""Real label maps: where they lie, and whose they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from humor.errors import InputError
from humor_training.augmentation.config import AugmentationConfig
from humor_training.augmentation.shapes import (
    BRAIN_CENTRE,
    Shape,
    alike,
    allowed_shapes,
    load_shapes,
    wanted_shapes,
)
from humor_training.data.labelled_case import LabelledCase

KNOWN = {
    "Brats18_TCIA10_639_1": "BraTS20_Training_313",
    "Brats18_2013_23_1": "BraTS20_Training_143",
    "BraTS2021_01478": "BraTS20_Training_273",
}
"""Patients whose images are there too, under another name."""


@pytest.fixture(scope="session")
def maps(shared_data: Path) -> Path:
    path = shared_data / "label_maps" / "brats20_128.npz"
    if not path.is_file():
        pytest.skip("the label maps are not on this machine")
    return path


def truth(shared_data: Path, name: str) -> np.ndarray:
    """The expert's labels on the whole atlas, axes as in a case."""
    import nibabel

    return np.asarray(nibabel.load(shared_data / "train" / name / "seg.nii.gz").dataobj).T.astype(np.uint8)


def dice(first: np.ndarray, second: np.ndarray) -> float:
    return float(2 * (first & second).sum() / (first.sum() + second.sum()))


def cropped(labels: np.ndarray) -> np.ndarray:
    """As a case, cropped to a box around the brain."""
    low = np.rint(np.array(BRAIN_CENTRE)).astype(int) - 70
    return labels[tuple(slice(int(a), int(a) + 140) for a in low)]


def by_name(maps: Path) -> dict[str, Shape]:
    return {shape.name: shape for shape in load_shapes(str(maps))}


@pytest.mark.parametrize(("patient", "name"), KNOWN.items())
def test_a_known_patient_s_shape_lies_where_the_expert_saw_it(
    maps: Path, shared_data: Path, patient: str, name: str
) -> None:
    expert = truth(shared_data, patient)
    labels, corner = by_name(maps)[name].labels()
    start = np.rint(corner + BRAIN_CENTRE).astype(int)
    placed = np.zeros_like(expert)
    placed[tuple(slice(a, a + n) for a, n in zip(start, labels.shape, strict=True))] = labels
    assert dice(placed > 0, expert > 0) > 0.95
    assert all(dice(placed == kind, expert == kind) > 0.75 for kind in (1, 2, 4))


def test_mirroring_and_scaling_keep_the_middle(maps: Path) -> None:
    shape = load_shapes(str(maps))[0]
    middles, volumes = [], []
    for scale, mirror in ((1.0, False), (1.1, False), (1.0, True)):
        shares, corner = shape.laid(scale, mirror)
        assert float((shares.sum(dim=0) - 1).abs().max()) < 1e-5
        lesion = 1 - shares[0].numpy()
        places = np.indices(lesion.shape).reshape(3, -1) + 0.5
        middles.append(corner + (places * lesion.ravel()).sum(axis=1) / lesion.sum())
        volumes.append(lesion.sum())
    assert np.allclose(middles[2], middles[0] * [1, 1, -1], atol=0.1)
    assert np.allclose(middles[1], middles[0], atol=3.0)
    assert volumes[1] / volumes[0] == pytest.approx(1.331, rel=0.02)
    assert volumes[0] / 1000 == pytest.approx(shape.volume(), rel=0.02)


def test_a_held_out_patient_s_own_shape_is_left_out_and_few_others(maps: Path, shared_data: Path) -> None:
    held = []
    for patient in KNOWN:
        labels = cropped(truth(shared_data, patient))
        held.append(LabelledCase(patient, np.zeros((4, 1, 1, 1), np.float16), np.ones(4, bool), labels))
    left = {shape.name for shape in allowed_shapes(maps, held)}
    everything = set(by_name(maps))
    assert not left & set(KNOWN.values()) and len(everything - left) < 30
    assert {shape.name for shape in allowed_shapes(maps, [])} == everything
    config = AugmentationConfig(painted=0.1, shapes=str(maps))
    assert {shape.name for shape in wanted_shapes(config, held)} == left


def test_a_case_without_a_lesion_bars_nothing(maps: Path) -> None:
    assert alike(load_shapes(str(maps)), np.zeros((140, 170, 140), np.uint8)) == []


def test_nothing_is_read_where_nothing_is_painted() -> None:
    assert wanted_shapes(AugmentationConfig(shapes="nowhere.npz"), []) == ()


def test_another_file_is_refused_by_name(tmp_path: Path) -> None:
    other = tmp_path / "other.npz"
    np.savez(other, weights=np.zeros(3))
    for path in (other, tmp_path / "missing.npz"):
        with pytest.raises(InputError, match=path.name):
            load_shapes(str(path))
