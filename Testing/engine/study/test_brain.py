"""Telling patient from background."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from humor.study.brain import find_foreground, otsu_threshold
from humor.study.study import read_volume
from humor.study.volume import Volume


def _volume(values, grid, slope=1.0):
    return Volume(values, slope, 0.0, grid, Path("a.nii"))


@pytest.mark.parametrize("background", [0.0, -3.2, 23.0, 450.0, 2000.0])
def test_a_constant_background_of_any_value_is_background(phantom, background):
    grid = phantom.grid()
    values = phantom.paint(grid)
    brain = values != 0
    found = find_foreground(_volume(np.where(brain, values, background), grid))
    assert found.stripped
    assert (found.mask != brain).mean() < 1e-4


def _raw_head(phantom, noise_everywhere):
    grid = phantom.grid("RAS", spacing=(2, 2, 2), extent=(220, 240, 200))
    far = np.linalg.norm((phantom.world_of(grid) - phantom.centre) / [80, 100, 90], axis=-1)
    noise = np.abs(np.random.default_rng(0).normal(0, 8, grid.shape))
    values = np.where(far < 1, 300 + noise, noise)
    values[(far > 0.9) & (far < 0.95)] = 5  # the skull
    if not noise_everywhere:
        values[far > 1.15] = 0
    return values, grid, far


@pytest.mark.parametrize("noise_everywhere", [True, False])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_raw_head_is_found_as_a_solid_and_known_not_to_be_stripped(phantom, noise_everywhere, sign):
    values, grid, far = _raw_head(phantom, noise_everywhere)
    found = find_foreground(_volume(sign * values.astype(np.float32), grid, float(sign)))
    assert not found.stripped
    assert (found.mask != (far < 1)).mean() < 0.01


def test_otsu_parts_two_heaps():
    rng = np.random.default_rng(0)
    values = np.concatenate([rng.normal(10, 3, 60000), rng.normal(100, 10, 40000)])
    assert 20 < otsu_threshold(values) < 75


def test_real_scans_are_told_apart(shared_data):
    stripped = [
        "train/BraTS2021_00006/t1c",
        "train/Brats18_2013_20_1/flair",
        "two_sequences/BRATS2013_pat0002/flair",
        "other_lesions/openms_patient07/t2",
    ]
    raw = [f"whole_head/patient01_study{n}/{name}" for n in (1, 2) for name in ("t1", "t2", "flair")]
    for name in stripped + raw:
        found = find_foreground(read_volume(shared_data / f"{name}.nii.gz"))
        assert found.stripped == (name in stripped), name
        assert 900 < found.volume_ml < 3500, name


def test_real_z_scored_scans_agree_with_their_brain_mask(shared_data):
    folder = shared_data / "two_sequences/BRATS2013_pat0001"
    mask = read_volume(folder / "brainmask.nii.gz").data > 0
    found = find_foreground(read_volume(folder / "t1c.nii.gz")).mask
    assert 2 * (mask & found).sum() / (mask.sum() + found.sum()) > 0.95
