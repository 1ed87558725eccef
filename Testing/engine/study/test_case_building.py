"""From studies to cases."""

from __future__ import annotations

import sys
from dataclasses import replace

import nibabel
import numpy as np
import pytest

from humor.errors import InputError, UsageError
from humor.study.case import to_native
from humor.study.case_building import build_case
from humor.study.grid import Grid
from humor.study.study import Study, load_study


def _study(phantom, **grids):
    contrast = {"t1": 350.0, "t1c": 420.0, "t2": 500.0, "flair": 450.0}
    files = {}
    for seed, (name, grid) in enumerate(grids.items()):
        values = phantom.paint(grid, seed, contrast[name])
        files[name] = phantom.nifti(phantom.folder / f"{name}.nii.gz", values, grid)
    return load_study(files)


def _brightest(image, grid):
    """World position of the centre of the brightest voxels."""
    index = np.argwhere(image > 0.8 * image.max()).mean(0)
    return (grid.affine @ [*index, 1])[:3]


def test_the_usual_case_is_sized_flagged_and_normalised(phantom):
    grid = phantom.grid("LPS")
    case = build_case(_study(phantom, t1c=grid, flair=grid))
    assert case.available == (False, True, False, True)
    assert case.image.dtype == np.float32
    assert case.image.shape == (4, 80, 80, 64)  # an ellipsoid of 66 × 76 × 60 mm: S, P, L
    assert case.brain.shape == case.grid.shape == case.image.shape[1:]
    assert not case.image[[0, 2]].any()
    assert not case.image[:, ~case.brain].any()
    assert abs(case.image[1][case.brain].mean()) < 0.05
    assert case.native.same_as(grid)
    assert case.image.flags.c_contiguous


def test_only_where_the_brain_is_small_there_is_a_warning_in_the_usual_case(phantom):
    case = build_case(_study(phantom, t1=phantom.grid()))
    assert len(case.warnings) == 1
    assert "ml look like brain" in str(case.warnings[0])


@pytest.mark.parametrize("codes", ["LPS", "RAS", "SAR", "IRP"])
@pytest.mark.parametrize(
    ("turns", "spacing"),
    [((14, -8, 21), (1, 1, 1)), ((0, 0, 0), (0.8, 1.3, 3.0)), ((14, -8, 21), (0.8, 1.3, 3.0))],
)
def test_world_positions_survive_any_axes_turns_and_spacings(phantom, codes, turns, spacing):
    grid = phantom.grid(codes, spacing, turns)
    case = build_case(_study(phantom, t1=grid))
    directions = case.grid.affine[:3, :3]
    assert np.allclose(case.grid.spacing, 1, atol=1e-6)
    assert (directions[2, 0] > 0.8, directions[1, 1] < -0.8, directions[0, 2] < -0.8) == (True, True, True)
    assert all(n % 16 == 0 for n in case.grid.shape)
    assert np.linalg.norm(_brightest(case.image[0], case.grid) - phantom.blob) < 0.5 * max(spacing)


def test_sequences_on_different_grids_meet_in_world_space(phantom):
    study = _study(
        phantom,
        t1=phantom.grid("LPS"),
        t1c=phantom.grid("RAS"),
        t2=phantom.grid("SAR", (0.5, 0.9, 2.0)),
        flair=phantom.grid("LPS", (0.9, 0.9, 3.0), (6, 10, -12)),
    )
    case = build_case(study, reference="t1")
    for channel, tolerance in zip(case.image, (0.3, 0.3, 1.0, 1.5), strict=True):
        assert np.linalg.norm(_brightest(channel, case.grid) - phantom.blob) < tolerance
    assert np.corrcoef(case.brain.ravel(), (case.image[3] != 0).ravel())[0, 1] > 0.95


def test_grids_equal_but_for_axes_and_crop_are_brought_together_without_scipy(phantom, monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.ndimage", None)
    grid = phantom.grid("LPS", turns=(5, 5, 5))
    cropped = grid.to_working_axes().crop((4, 4, 4), (76, 84, 68))
    build_case(_study(phantom, t1=grid, t2=cropped))


def test_a_missing_sequence_changes_nothing_of_the_others(phantom):
    grid = phantom.grid()
    study = _study(phantom, t1=grid, t1c=grid, t2=grid)
    fewer = Study({name: study.volumes[name] for name in ("t1", "t2")})
    assert np.array_equal(build_case(study).image[[0, 2]], build_case(fewer).image[[0, 2]])


def test_number_type_scale_and_z_scoring_before_hand_do_not_change_the_case(phantom):
    grid = phantom.grid()
    values = np.round(phantom.paint(grid) / 4)
    brain = values != 0
    z_scored = np.where(brain, (values - values[brain].mean()) / values[brain].std(), -5.0)
    ways = [(values, np.uint8), (values * 131, np.int16), (values, np.float64), (z_scored, np.float32)]
    cases = []
    for number, (way, dtype) in enumerate(ways):
        path = phantom.nifti(phantom.folder / f"{number}.nii.gz", way, grid, np.dtype(dtype))
        cases.append(build_case(load_study({"t1": path})))
    for case in cases[1:]:
        assert np.allclose(case.image, cases[0].image, atol=2e-3)
        assert np.array_equal(case.brain, cases[0].brain)


def test_the_reference_is_the_finest_sequence_or_the_chosen_one(phantom):
    study = _study(phantom, t1=phantom.grid(), flair=phantom.grid("RAS"), t2=phantom.grid(spacing=(1, 1, 3)))
    assert build_case(study).reference == "flair"
    chosen = build_case(study, reference="t2")
    assert chosen.reference == "t2"
    assert chosen.native.same_as(study.volumes["t2"].grid)
    with pytest.raises(UsageError, match="'t1c', but the study only has t1, t2, flair"):
        build_case(study, reference="t1c")


def test_sequences_of_different_places_are_refused_by_name(phantom):
    volumes = _study(phantom, t1=phantom.grid(), t2=phantom.grid("RAS")).volumes
    grid = volumes["t2"].grid
    far = grid.affine.copy()
    far[0, 3] += 300
    volumes["t2"] = replace(volumes["t2"], grid=Grid(grid.shape, far))
    with pytest.raises(InputError, match=r"t2.nii.gz.*t1.nii.gz.*do not overlap"):
        build_case(Study(volumes), reference="t1")


def test_a_sequence_that_is_cut_off_is_warned_about_and_missing_where_it_is_cut(phantom):
    grid = phantom.grid()
    values = phantom.paint(grid, 3)
    values[:, :, : values.shape[2] // 2] = 0
    phantom.nifti(phantom.folder / "flair.nii.gz", values, grid)
    files = {"t1": phantom.write("t1.nii.gz", grid), "flair": phantom.folder / "flair.nii.gz"}
    case = build_case(load_study(files))
    assert any("flair.nii.gz (FLAIR) shows only 5" in str(warning) for warning in case.warnings)
    assert not case.image[3, : case.grid.shape[0] // 2 - 1].any()
    assert abs(case.image[3][case.image[3] != 0].mean()) < 0.1


def test_padding_beyond_the_image_is_part_of_the_grid(phantom):
    grid = phantom.grid("LPS", extent=(61, 77, 67))  # hardly larger than the head
    case = build_case(_study(phantom, t1=grid), margin=8)
    assert case.grid.shape == (96, 96, 80)
    assert np.linalg.norm(_brightest(case.image[0], case.grid) - phantom.blob) < 0.3


def test_real_cases_are_exact_quick_and_without_heavy_imports(shared_data):
    folder = shared_data / "train/BraTS2021_00006"
    study = load_study({name: folder / f"{name}.nii.gz" for name in ("t1", "t1c", "t2", "flair")})
    case = build_case(study)
    assert case.available == (True,) * 4
    assert case.warnings == []
    assert all(n % 16 == 0 and n <= 192 for n in case.grid.shape)
    raw = study.volumes["t2"].data
    place = np.round(study.volumes["t2"].grid.index_of(case.grid) @ [70, 80, 60, 1])[:3].astype(int)
    inside = raw[raw != 0].astype(float)
    inside = np.clip(inside, *np.percentile(inside, (0.1, 99.9)))
    expected = (raw[tuple(place)] - inside.mean()) / inside.std()
    assert case.image[2, 70, 80, 60] == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("scale", [1e-30, 1e298])
def test_extreme_voxels_and_scales_leave_a_real_case_as_it_was(shared_data, tmp_path, scale):
    source = nibabel.load(shared_data / "train/BraTS2021_00006/flair.nii.gz")
    values = np.asanyarray(source.dataobj).astype(float)
    usual, changed = tmp_path / "usual.nii", tmp_path / "changed.nii"
    nibabel.save(nibabel.Nifti1Image(values, source.affine), usual)
    values *= scale
    values[100, 120, 80] *= 1e5
    nibabel.save(nibabel.Nifti1Image(values, source.affine), changed)
    expected, case = (build_case(load_study({"flair": path})) for path in (usual, changed))
    assert (np.abs(case.image - expected.image) > 0.01).sum() <= 1


def test_a_sequence_without_an_image_is_named(shared_data, tmp_path):
    source = nibabel.load(shared_data / "train/BraTS2021_00006/flair.nii.gz")
    flat = np.asanyarray(source.dataobj).astype(np.float32)
    flat[flat != 0] = 7
    flat[100, 120, 80] = 9
    nibabel.save(nibabel.Nifti1Image(flat, source.affine), tmp_path / "flat.nii")
    with pytest.raises(InputError, match=r"flat\.nii.*same value nearly everywhere"):
        build_case(load_study({"flair": tmp_path / "flat.nii"}))


def test_a_few_voxels_amid_nothing_are_no_brain_and_blamed_on_no_other_file(phantom):
    """As the only stripped sequence they would say where the brain is, and all others would be flat there."""
    grid = phantom.grid()
    speck = np.zeros(grid.shape)
    speck[40, 40, 40] = 900
    files = {
        "t1": phantom.nifti(phantom.folder / "t1.nii", phantom.paint(grid), grid),
        "flair": phantom.nifti(phantom.folder / "speck.nii", speck, grid),
    }
    with pytest.raises(InputError, match=r"speck\.nii \(FLAIR\) shows nothing but"):
        build_case(load_study(files))


def test_a_real_whole_head_runs_with_a_warning(shared_data):
    folder = shared_data / "whole_head/patient01_study1"
    case = build_case(load_study({name: folder / f"{name}.nii.gz" for name in ("t1", "t2", "flair")}))
    assert case.reference == "t2"
    assert "skull-stripped" in str(case.warnings[0])
    assert np.allclose(case.grid.spacing, 1)
    assert 2000 < case.brain.sum() * case.grid.voxel_ml < 3500


def test_the_real_cut_off_flair_is_noticed(shared_data):
    folder = shared_data / "train/Brats18_2013_20_1"
    case = build_case(load_study({name: folder / f"{name}.nii.gz" for name in ("t1", "flair")}))
    assert any("FLAIR) shows only" in str(warning) for warning in case.warnings)


def test_a_reference_that_shows_half_the_head_does_not_crop_what_the_network_sees(phantom):
    grid = phantom.grid()
    half = grid.crop((0, 0, grid.shape[2] // 2), (grid.shape[0], grid.shape[1], grid.shape[2] // 2))
    whole = build_case(_study(phantom, t1c=grid, flair=grid))
    study = _study(phantom, t1c=half, flair=grid)
    case = build_case(study, reference="t1c")
    assert case.grid.same_as(whole.grid)
    assert np.array_equal(case.brain, whole.brain)
    assert np.array_equal(case.image[3], whole.image[3])
    assert case.native.same_as(half)
    assert to_native(case, case.brain).shape == half.shape
    cut = [warning for warning in case.warnings if "--reference" in str(warning)]
    assert len(cut) == 1 and "t1c.nii.gz (T1c) shows only 5" in str(cut[0])
    named = [warning for warning in build_case(study, reference="flair").warnings if "t1c" in str(warning)]
    assert [warning.code for warning in named] == ["sequence_cut"]


def test_a_grid_of_what_all_sequences_show_reaches_beyond_each_of_them(phantom):
    grid = phantom.grid()
    shape = (grid.shape[0], grid.shape[1], 50)
    upper, lower = grid.crop((0, 0, 34), shape), grid.crop((0, 0, 0), shape)
    case = build_case(_study(phantom, t1=upper, t2=lower))
    assert case.grid.same_as(build_case(_study(phantom, t1=grid)).grid)
    assert case.image[0].any(axis=(1, 2)).sum() < case.brain.any(axis=(1, 2)).sum()
