"""Pictures show the contours in the regions' colours, and the right proportions."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.image import imread

from humor.inference.segmentation import Segmentation
from humor.output.pictures import gate_picture, sequence_picture
from humor.output.views import find_target
from humor.regions import REGIONS
from humor.study.grid import Grid


def pixels(png: bytes) -> np.ndarray:
    return imread(io.BytesIO(png), format="png")[..., :3]


def coloured(picture: np.ndarray, colour: tuple[float, float, float]) -> int:
    return int((np.abs(picture - np.array(colour)).max(axis=-1) < 0.04).sum())


def test_every_region_has_a_contour_of_its_colour(segmentation: Segmentation) -> None:
    picture = pixels(sequence_picture(segmentation, "t1c", find_target(segmentation)))
    for region in REGIONS:
        assert coloured(picture, region.colour) > 30, region.key


def test_without_a_tumour_there_are_no_contours(segmentation: Segmentation) -> None:
    segmentation.regions[:] = False
    picture = pixels(sequence_picture(segmentation, "t1c", find_target(segmentation)))
    assert all(coloured(picture, region.colour) == 0 for region in REGIONS)
    assert picture.max() > 0.5


def test_the_tumour_of_the_left_side_is_on_the_right_of_the_axial_view(
    make_segmentation: Callable[..., Segmentation],
) -> None:
    segmentation = make_segmentation(degrees=0.0)
    picture = pixels(sequence_picture(segmentation, "t1c", find_target(segmentation)))
    axial = picture[:, : picture.shape[1] // 3]
    lit = np.flatnonzero((axial.max(axis=-1) > 0.08).any(axis=0))
    contour = np.abs(axial - np.array(REGIONS[0].colour)).max(axis=-1) < 0.04
    assert np.flatnonzero(contour.any(axis=0)).mean() > (lit[0] + lit[-1]) / 2
    assert np.flatnonzero(contour.any(axis=1)).mean() < picture.shape[0] / 2  # and anterior is up


def test_slices_of_a_thick_working_grid_keep_their_proportions(segmentation: Segmentation) -> None:
    case = segmentation.case
    thick = Grid(case.grid.shape, case.grid.affine @ np.diag([2.0, 1.0, 1.0, 1.0]))
    plain = pixels(sequence_picture(segmentation, "t1", find_target(segmentation)))
    stretched = replace(segmentation, case=replace(case, grid=thick))
    tall = pixels(sequence_picture(stretched, "t1", find_target(stretched)))
    assert tall.shape[0] > 1.5 * plain.shape[0]


def test_a_brain_without_a_voxel_still_gives_a_picture(segmentation: Segmentation) -> None:
    segmentation.case.brain[:] = False
    assert pixels(sequence_picture(segmentation, "t1", find_target(segmentation))).size


@pytest.mark.parametrize("name", ["plain", "x_$2$_{a}"])
def test_a_gates_picture_has_a_panel_for_each_expert(segmentation: Segmentation, name: str) -> None:
    gate = segmentation.routing.gates[0]
    two = replace(gate, experts=(name, "b"), weights=gate.weights[:2] / gate.weights[:2].sum(0))
    target = find_target(segmentation)
    three_wide = pixels(gate_picture(segmentation, gate, target)).shape[1]
    two_wide = pixels(gate_picture(segmentation, two, target)).shape[1]
    assert three_wide / two_wide == pytest.approx(4 / 3, rel=0.05)
