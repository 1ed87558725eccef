"""Misplaced sequences are noticed, in the sample study and in real MRI."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from benchmarks.misplacing import foreign, mirrored, shifted, thick, turned
from humor.sequences import SEQUENCES
from humor.study.alignment import (
    MIRRORED,
    MOVED,
    OTHER,
    RIM,
    Edges,
    Misplaced,
    agreement,
    alignment_warnings,
    coarsen,
    find_edges,
    find_misplaced,
)
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


def ball(grid: Grid, centre: tuple[float, float, float]) -> np.ndarray:
    index = np.indices(grid.shape).reshape(3, -1)
    world = grid.affine[:3, :3] @ index + grid.affine[:3, 3:]
    squares = ((world - np.array(centre)[:, None]) ** 2).sum(0)
    return np.exp(-squares / 50).reshape(grid.shape).astype(np.float32)


def place_of(image: np.ndarray, grid: Grid) -> np.ndarray:
    """World position of the centre of brightness."""
    index = np.indices(grid.shape).reshape(3, -1) @ (image.ravel() / image.sum())
    return grid.affine[:3, :3] @ index + grid.affine[:3, 3]


@pytest.fixture
def grid(phantom):
    return phantom.grid("SPL", turns=(7.0, -4.0, 11.0), extent=(48.0, 50.0, 53.0))


@pytest.mark.parametrize("spacing", [1.0, 2.0, 4.0])
def test_coarse_voxels_are_means_and_lie_where_they_were(grid, spacing):
    image = ball(grid, (5.0, -9.0, 12.0))
    coarse = coarsen(image, np.ones(grid.shape, bool), grid, spacing)
    assert coarse.grid.spacing == pytest.approx((spacing,) * 3)
    assert coarse.grid.shape == tuple(length // int(spacing) for length in grid.shape)
    assert place_of(coarse.image, coarse.grid) == pytest.approx(place_of(image, grid), abs=0.05)
    step = int(spacing)
    assert coarse.image[2, 3, 4] == pytest.approx(
        image[2 * step : 3 * step, 3 * step : 4 * step, 4 * step : 5 * step].mean()
    )


def test_outside_the_mask_it_is_0(grid):
    mask = np.zeros(grid.shape, bool)
    mask[8:30, 8:30, 8:30] = True
    coarse = coarsen(np.ones(grid.shape, np.float32), mask, grid, 2.0)
    assert np.array_equal(coarse.image, coarse.mask)
    assert coarse.mask.sum() == 11**3


def test_a_moved_sequence_shows_what_lay_at_the_move_s_end(grid):
    coarse = coarsen(ball(grid, (5.0, -9.0, 12.0)), np.ones(grid.shape, bool), grid, 2.0)
    move = np.eye(4)
    move[:3, 3] = (4.0, -2.0, 3.0)
    moved = coarse.moved(move)
    assert place_of(moved.image, moved.grid) == pytest.approx((1.0, -7.0, 9.0), abs=0.2)
    assert moved.mask.mean() < 1  # what came from outside is not there


def test_mirrored_exchanges_left_and_right_only(grid):
    coarse = coarsen(ball(grid, (9.0, -9.0, 12.0)), np.ones(grid.shape, bool), grid, 2.0)
    mirrored = coarse.mirrored()
    assert np.array_equal(mirrored.mirrored().image, coarse.image)
    index = np.linalg.solve(coarse.grid.affine, [*place_of(coarse.image, coarse.grid), 1])[:3]
    opposite = np.linalg.solve(coarse.grid.affine, [*place_of(mirrored.image, coarse.grid), 1])[:3]
    assert opposite == pytest.approx([*index[:2], coarse.grid.shape[2] - 1 - index[2]], abs=1e-3)


SHAPE = (36, 40, 32)


def texture(seed: int) -> np.ndarray:
    """Smooth random values, as the folds of a brain are."""
    noise = np.random.default_rng(seed).normal(size=SHAPE)
    return ndimage.gaussian_filter(noise, 1.5).astype(np.float32)


def score(one: Edges, other: Edges) -> float:
    found = agreement(one, other, 1)
    assert found is not None
    return found


@pytest.fixture
def mask():
    place = np.indices(SHAPE) - (np.array(SHAPE)[:, None, None, None] - 1) / 2
    return ((place / np.array([16.0, 18, 14])[:, None, None, None]) ** 2).sum(0) < 1


def test_other_contrasts_agree_and_other_textures_do_not(mask):
    image = texture(0)
    edges = find_edges(image, mask)
    assert score(edges, edges) == pytest.approx(1, abs=1e-5)
    assert score(edges, find_edges(7 - 100 * image, mask)) > 0.99  # inverted, on another scale
    assert score(edges, find_edges(np.exp(4 * image), mask)) > 0.8  # not even linear
    assert abs(score(edges, find_edges(texture(1), mask))) < 0.05


def test_it_falls_with_distance(mask):
    image = texture(0)
    edges = find_edges(image, mask)
    by_shift = [score(edges, find_edges(np.roll(image, step, 1), mask)) for step in (0, 1, 2, 4)]
    assert by_shift == sorted(by_shift, reverse=True)
    assert by_shift[-1] < 0.1


def test_a_rim_that_all_masks_share_does_not_count(mask):
    blank = np.where(mask, 5.0, 0.0).astype(np.float32)
    edges = find_edges(blank, mask)
    assert not edges.directions[:, edges.inside].any()
    assert np.array_equal(edges.inside, ndimage.binary_erosion(mask, iterations=RIM))
    assert score(edges, find_edges(texture(0), mask)) == 0


def test_without_enough_to_compare_nothing_is_said(mask):
    edges = find_edges(texture(0), mask)
    elsewhere = find_edges(texture(0), np.roll(mask, 16, 0) & ~mask)
    assert agreement(edges, elsewhere, 1) is None
    assert agreement(edges, edges, int(edges.inside.sum()) + 1) is None
    nowhere = find_edges(texture(0), np.zeros(SHAPE, bool))
    assert agreement(edges, nowhere, 1) is None
