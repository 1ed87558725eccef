"""Probabilities on the native grid."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import nibabel
import numpy as np
import pytest

from humor.inference.segmentation import Segmentation
from humor.output.probabilities import write_probabilities
from humor.regions import REGION_KEYS


def test_they_are_stored_to_a_two_hundred_and_fifty_fifth(
    segmentation: Segmentation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    native = np.random.default_rng(0).random((3, *segmentation.case.native.shape)).astype(np.float32)
    restore = ModuleType("humor.study.restore")
    restore.to_native = lambda case, array, order: native  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "humor.study.restore", restore)
    write_probabilities(tmp_path / "p.nii.gz", segmentation)
    image = nibabel.load(tmp_path / "p.nii.gz")
    assert image.shape == (*segmentation.case.native.shape, 3)
    assert image.get_data_dtype() == np.uint8
    np.testing.assert_allclose(image.affine, segmentation.case.native.affine, atol=1e-5)
    assert np.abs(np.moveaxis(image.get_fdata(), -1, 0) - native).max() <= 0.5 / 255 + 1e-6


def test_their_half_level_agrees_with_the_regions(segmentation: Segmentation, tmp_path: Path) -> None:
    write_probabilities(tmp_path / "p.nii.gz", segmentation)
    found = nibabel.load(tmp_path / "p.nii.gz").get_fdata() >= 0.45
    for index, key in enumerate(REGION_KEYS):
        wanted = segmentation.regions[index]
        dice = 2 * (found[..., index] & wanted).sum() / (found[..., index].sum() + wanted.sum())
        assert dice > 0.9, key
