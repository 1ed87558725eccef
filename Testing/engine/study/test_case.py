"""Results go back to the voxels they came from."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from humor.study.case import to_native
from humor.study.case_building import build_case
from humor.study.study import load_study

CODES = ["LPS", "RAS", "SAR", "IRP", "ALI"]


def _case(phantom, grid):
    return build_case(load_study({"t1": phantom.write("t1.nii.gz", grid)}))


def _blob(phantom, grid):
    return np.linalg.norm(phantom.world_of(grid) - phantom.blob, axis=-1) <= 6


@pytest.mark.parametrize("codes", CODES)
@pytest.mark.parametrize("turns", [(0, 0, 0), (14, -8, 21)])
def test_at_the_native_spacing_every_voxel_returns_exactly_without_scipy(phantom, monkeypatch, codes, turns):
    monkeypatch.setitem(sys.modules, "scipy.ndimage", None)
    case = _case(phantom, phantom.grid(codes, turns=turns))
    for kind in (bool, np.uint8, np.float32):
        blob = _blob(phantom, case.grid).astype(kind)
        native = to_native(case, np.stack([blob, case.brain.astype(kind)]))
        assert native.dtype == kind
        assert native.shape == (2, *case.native.shape)
        assert np.array_equal(native[0], _blob(phantom, case.native).astype(kind))
        assert np.array_equal(native[1] != 0, phantom.paint(case.native).astype(np.int16) != 0)


@pytest.mark.parametrize("codes", CODES)
@pytest.mark.parametrize(
    ("turns", "spacing", "kind"),
    [
        ((0, 0, 0), (0.8, 0.8, 3.0), bool),
        ((14, -8, 21), (1.5, 1.2, 0.8), bool),
        ((14, -8, 21), (0.8, 0.8, 3.0), np.float32),
    ],
)
def test_a_blob_returns_to_its_place_within_half_a_voxel(phantom, codes, turns, spacing, kind):
    case = _case(phantom, phantom.grid(codes, spacing, turns))
    native = to_native(case, _blob(phantom, case.grid)[None].astype(kind))[0]
    assert native.shape == case.native.shape
    assert native.dtype == kind
    mask = native >= 0.5
    centre = (case.native.affine @ [*np.argwhere(mask).mean(0), 1])[:3]
    off = np.abs(np.linalg.solve(case.native.affine[:3, :3], centre - phantom.blob))
    assert off.max() < 0.5  # voxels
    assert mask.sum() * case.native.voxel_ml == pytest.approx(4 / 3 * np.pi * 0.6**3, rel=0.12)


def test_outside_the_case_there_is_nothing(phantom):
    for spacing in ((1, 1, 1), (1, 1, 2.5)):
        case = _case(phantom, phantom.grid("LPS", spacing, extent=(120, 120, 120)))
        native = to_native(case, np.ones((1, *case.grid.shape), np.float32))[0]
        expected = np.prod(case.grid.shape) / 1000
        assert (native > 0.5).sum() * case.native.voxel_ml == pytest.approx(expected, rel=0.05)
        assert native[0, 0, 0] == 0


def test_label_maps_keep_their_values(phantom):
    case = _case(phantom, phantom.grid("RAS", (0.7, 0.7, 2.0), (10, 0, 5)))
    labels = 4 * _blob(phantom, case.grid).astype(np.uint8)
    native = to_native(case, labels, order=0)
    assert native.dtype == np.uint8
    assert set(np.unique(native)) == {0, 4}


def test_an_array_of_another_shape_is_refused(phantom):
    case = _case(phantom, phantom.grid())
    with pytest.raises(ValueError, match="does not lie on the case's grid"):
        to_native(case, np.zeros((3, 8, 8, 8), np.float32))


@pytest.mark.parametrize(
    "name", ["train/BraTS2021_00006", "other_lesions/openms_patient07", "two_sequences/BRATS2013_pat0003"]
)
def test_the_labels_of_real_cases_survive_the_round_trip(shared_data, name):
    from humor.study.resampling import resample
    from humor.study.study import read_volume

    folder = shared_data / name
    files = {n: folder / f"{n}.nii.gz" for n in ("t1", "t1c", "t2", "flair")}
    case = build_case(load_study({n: path for n, path in files.items() if path.exists()}))
    labels = read_volume(folder / "seg.nii.gz")
    there, _ = resample(labels.data, labels.grid, case.grid)
    assert np.array_equal(to_native(case, there), labels.data)


def test_real_anisotropic_scans_return_on_their_own_grid(shared_data):
    folder = shared_data / "whole_head/patient01_study2"
    case = build_case(load_study({"flair": folder / "flair.nii.gz"}))
    native = to_native(case, case.brain)
    assert native.shape == (320, 320, 46)
    assert native.sum() * case.native.voxel_ml == pytest.approx(
        case.brain.sum() * case.grid.voxel_ml, rel=0.02
    )
