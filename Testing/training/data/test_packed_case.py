"""Cases whose arrays are read when they are asked for."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from humor.errors import InputError
from humor_training.augmentation.tensor_case import DeviceCases, on_device
from humor_training.data.labelled_case import LabelledCase, read_case, write_case
from humor_training.data.packed_case import PackedCase


def made(seed: int = 0) -> LabelledCase:
    """Noise in a box with a lesion; T2 is missing."""
    rng = np.random.default_rng(seed)
    image = np.zeros((4, 20, 24, 16), np.float16)
    image[:, 2:18, 3:21, 1:15] = rng.normal(size=(4, 16, 18, 14))
    image[2] = 0
    labels = np.zeros((20, 24, 16), np.uint8)
    labels[5:9, 5:9, 5:9] = 4
    return LabelledCase("one", image, np.array([True, True, False, True]), labels, "patient")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_case(tmp_path / "one.case.npz", made(), {})
    return tmp_path / "one.case.npz"


@pytest.mark.parametrize("kept", [False, True])
def test_it_is_the_case_that_was_packed(path: Path, tmp_path: Path, kept: bool) -> None:
    whole, case = read_case(path), PackedCase(path, tmp_path / "unpacked" if kept else None)
    assert (case.name, case.patient, case.shape) == ("one", "patient", (4, 20, 24, 16))
    assert case.available.tolist() == [True, True, False, True]
    for _ in range(2):
        assert np.array_equal(case.image, whole.image) and np.array_equal(case.labels, whole.labels)
        assert (case.image.dtype, case.labels.dtype) == (np.float16, np.uint8)


def test_arrays_are_decoded_once_mapped_and_never_changed(path: Path, tmp_path: Path) -> None:
    case = PackedCase(path, tmp_path / "unpacked")
    assert not (tmp_path / "unpacked").exists()
    assert isinstance(case.image, np.memmap)
    (file,) = (tmp_path / "unpacked").iterdir()
    before = file.read_bytes()
    again = PackedCase(path, tmp_path / "unpacked").image
    torch.as_tensor(again).fill_(7)  # what nobody should do does not reach the file
    assert file.read_bytes() == before and [file] == list((tmp_path / "unpacked").iterdir())


def test_a_case_that_was_packed_anew_is_unpacked_anew(path: Path, tmp_path: Path) -> None:
    assert PackedCase(path, tmp_path / "unpacked").image.any()
    write_case(path, made(seed=1), {})
    os.utime(path, ns=(1, 1))
    case = PackedCase(path, tmp_path / "unpacked")
    assert np.array_equal(case.image, read_case(path).image)
    assert len(list((tmp_path / "unpacked").iterdir())) == 1


def test_damage_is_an_error_that_names_the_file(path: Path, tmp_path: Path) -> None:
    case = PackedCase(path, tmp_path / "unpacked")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 255
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"one\.case\.npz"):
        _ = case.image, case.labels
    assert not list(tmp_path.glob("unpacked/*"))


def test_only_as_many_cases_stay_on_a_device_as_have_room() -> None:
    cases = [made(seed) for seed in range(3)]
    size = cases[0].image.nbytes + cases[0].labels.nbytes
    there = DeviceCases(cases, torch.device("cpu"), room=2.5 * size)
    first = [there[index] for index in range(3)]
    again = [there[index] for index in range(3)]
    assert [one is other for one, other in zip(first, again, strict=True)] == [True, True, False]
    assert len(there) == 3
    for case, found in zip(cases, again, strict=True):
        assert torch.equal(found.image, on_device(case, torch.device("cpu")).image)
