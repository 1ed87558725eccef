"""Misplaced sequences are noticed, in the sample study and in real MRI."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.misplacing import foreign, mirrored, shifted, thick, turned
from humor.sequences import SEQUENCES
from humor.study.alignment import MIRRORED, MOVED, OTHER, Misplaced, alignment_warnings, find_misplaced
from humor.study.case_building import build_case
from humor.study.grid import Grid
from humor.study.study import Study, load_study
from humor.study.volume import Volume

SAMPLE = Path(__file__).resolve().parents[3] / "HUMoRSegment" / "Resources" / "Sample"
Volumes = dict[str, Volume]


def read(folder: Path, names: tuple[str, ...] = SEQUENCES) -> Volumes:
    files = {name: folder / f"{name}.nii.gz" for name in names}
    return load_study({name: path for name, path in files.items() if path.exists()}).volumes


@pytest.fixture(scope="module")
def sample() -> Volumes:
    return read(SAMPLE)


@pytest.fixture(scope="module")
def patient(shared_data: Path) -> Volumes:
    return read(shared_data / "train" / "BraTS2021_00003", ("t1", "t2", "flair"))


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_the_sample_study_lies_right_and_a_moved_sequence_of_it_does_not(sample, rng):
    assert build_case(Study(sample)).misplaced == ()
    case = build_case(Study({**sample, "t1c": shifted(sample["t1c"], sample["t1c"], rng)}))
    (found,) = case.misplaced
    assert (found.sequence, found.kind) == ("t1c", MOVED)  # though it is the reference
    assert found.shift_mm == pytest.approx(8, abs=2)
    (warning,) = case.warnings
    assert str(warning).startswith("t1c.nii.gz (T1c) does not lie on ")
    assert "off by about" in str(warning) and "--register" in str(warning)


def test_aligning_first_mends_what_is_found(sample, rng):
    two = {name: sample[name] for name in ("t1", "t2")}
    case = build_case(Study({**two, "t1": turned(two["t1"], two["t1"], rng)}), "t2", register=True)
    assert case.misplaced == ()
    assert any("was moved by" in str(warning) for warning in case.warnings)


def test_one_sequence_has_nothing_to_lie_on(sample):
    assert build_case(Study({"t1": sample["t1"]})).misplaced == ()


def test_a_real_study_lies_right_even_with_thick_slices(patient, rng):
    slices = thick(patient["flair"], patient["flair"], rng)
    assert build_case(Study({**patient, "flair": slices})).misplaced == ()


def test_a_real_turn_is_measured(patient, rng):
    case = build_case(Study({**patient, "flair": turned(patient["flair"], patient["flair"], rng)}))
    (found,) = case.misplaced
    assert (found.sequence, found.kind) == ("flair", MOVED)
    assert found.turn_degrees == pytest.approx(10, abs=3)


def test_left_and_right_exchanged_are_told(patient, rng):
    case = build_case(Study({**patient, "t1": mirrored(patient["t1"], patient["t1"], rng)}))
    assert [(each.sequence, each.kind) for each in case.misplaced] == [("t1", MIRRORED)]
    assert "left and right exchanged" in str(case.warnings[-1])


def test_another_patient_in_the_same_space_is_told(patient, shared_data, rng):
    other = read(shared_data / "train" / "Brats18_CBICA_ARZ_1", ("t2",))["t2"]
    case = build_case(Study({**patient, "t2": foreign(patient["t2"], other, rng)}))
    assert [(each.sequence, each.kind) for each in case.misplaced] == [("t2", OTHER)]
    assert "same patient and visit" in str(case.warnings[-1])


def test_whole_heads_on_three_grids_lie_right_and_8_mm_are_noticed(shared_data, rng):
    head = read(shared_data / "whole_head" / "patient01_study2")
    assert build_case(Study(head)).misplaced == ()
    case = build_case(Study({**head, "flair": shifted(head["flair"], head["flair"], rng)}))
    assert [(each.sequence, each.kind) for each in case.misplaced] == [("flair", MOVED)]


def test_where_hardly_anything_is_shown_nothing_is_said():
    grid = Grid((20, 20, 20), np.diag([4.0, 4.0, 4.0, 1.0]))
    image = np.random.default_rng(0).normal(size=(4, 20, 20, 20)).astype(np.float32)
    own = {"t1": np.zeros(grid.shape, bool), "t2": np.ones(grid.shape, bool)}
    own["t1"][4:8, 4:8, 4:8] = True
    assert find_misplaced(image, own, grid, "t1") == []
    own["t1"][:] = True  # enough of it, and nothing in common
    assert [(each.sequence, each.kind) for each in find_misplaced(image, own, grid, "t1")] == [("t2", OTHER)]


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (Misplaced("t2", "t1", MOVED, 8.2, 1.1), "off by about 8 mm. "),
        (Misplaced("t2", "t1", MOVED, 0.4, 9.6), "to be turned by about 10°. "),
        (Misplaced("t2", "t1", MOVED, 5.0, 4.0), "off by about 5 mm and turned by about 4°. "),
    ],
)
def test_only_what_is_known_is_said(sample, found, words):
    (warning,) = alignment_warnings([found], sample)
    assert words in str(warning) and str(warning).startswith("t2.nii.gz (T2) does not lie on T1")
