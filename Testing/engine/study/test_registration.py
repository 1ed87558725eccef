"""Rigid registration."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from humor.study.case_building import build_case
from humor.study.grid import Grid
from humor.study.registration import register_to
from humor.study.study import Study, load_study


def _displaced(volume, degrees, shift):
    move = np.eye(4)
    a = np.radians(degrees)
    move[:2, :2] = [[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]]
    move[:3, 3] = shift
    return replace(volume, grid=Grid(volume.grid.shape, move @ volume.grid.affine))


@pytest.fixture
def study(phantom):
    grid = phantom.grid("LPS")
    values = phantom.paint(grid)
    inverted = np.where(values == 0, 0, 1400 - values)
    files = {"t1": phantom.write("t1.nii.gz", grid), "t2": phantom.folder / "t2.nii.gz"}
    phantom.nifti(files["t2"], inverted, grid)
    return load_study(files)


def test_a_moved_sequence_is_brought_back_by_its_affine_alone(study):
    moved = {**study.volumes, "t2": _displaced(study.volumes["t2"], 7.0, (6, -4, 5))}
    aligned, notes = register_to(moved, "t1")
    expected, found = study.volumes["t2"].grid, aligned["t2"].grid
    assert np.abs((found.affine - expected.affine) @ expected.corners()).max() < 1.5
    assert aligned["t2"].data is study.volumes["t2"].data
    assert "was moved by" in str(notes[0])


def test_what_lies_right_stays_untouched(study):
    aligned, notes = register_to(study.volumes, "t1")
    assert aligned["t2"].grid is study.volumes["t2"].grid
    assert notes == []


def test_a_registration_without_success_is_thrown_away_with_a_warning(study, monkeypatch):
    far = np.eye(4)
    far[0, 3] = 500
    monkeypatch.setattr("humor.study.registration.rigid_move", lambda fixed, moving: (far, -0.5, -0.6))
    aligned, notes = register_to(study.volumes, "t1")
    assert aligned["t2"].grid is study.volumes["t2"].grid
    assert notes[0].code == "registration_failed"


def test_a_case_can_be_built_with_registration(study):
    apart = Study({**study.volumes, "t2": _displaced(study.volumes["t2"], 0.0, (150, 0, 0))})
    case = build_case(apart, reference="t1", register=True)
    assert any("t2.nii.gz (T2)" in str(warning) for warning in case.warnings)
