"""Sample pictures show outlines in the regions' colours, through the tumour, the right way round."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from humor.regions import REGIONS, labels_to_regions
from humor_training.monitoring.pictures import (
    best_sequence,
    latest_picture,
    picture_path,
    sample_picture,
    slices,
    tumour_centre,
)

SHAPE = (48, 64, 80)


def image_and_labels() -> tuple[np.ndarray, np.ndarray]:
    """A grey block with nested boxes in its upper, front, left part."""
    image = np.zeros((4, *SHAPE), np.float16)
    image[:, 4:-4, 4:-4, 4:-4] = 1.0
    labels = np.zeros(SHAPE, np.uint8)
    labels[22:42, 8:32, 46:72] = 2
    labels[25:39, 11:29, 50:68] = 1
    labels[28:36, 14:26, 54:64] = 4
    return image, labels


def pixels(path: Path) -> np.ndarray:
    return imread(path, format="png")[..., :3]


def coloured(picture: np.ndarray, colour: tuple[float, float, float]) -> np.ndarray:
    return np.abs(picture - np.array(colour)).max(axis=-1) < 0.1


def first_row(picture: np.ndarray) -> np.ndarray:
    """Without the legend, which has the regions' colours too."""
    return picture[: int(0.85 * len(picture))]


def test_every_region_is_outlined_in_its_colour(tmp_path: Path) -> None:
    image, labels = image_and_labels()
    path = picture_path(tmp_path, 1500)
    sample_picture(path, image, labels, {"t1c+flair": labels_to_regions(labels)})
    assert path == tmp_path / "samples" / "step_00001500.png"
    for region in REGIONS:
        assert coloured(first_row(pixels(path)), region.colour).sum() > 60, region.key
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_the_networks_outline_is_drawn_fuller_than_the_experts(tmp_path: Path) -> None:
    image, labels = image_and_labels()
    regions, nothing = labels_to_regions(labels), np.zeros((3, *SHAPE), bool)
    sample_picture(tmp_path / "both.png", image, labels, {"t1": regions})
    sample_picture(tmp_path / "expert.png", image, labels, {"t1": nothing})
    sample_picture(tmp_path / "network.png", image, np.zeros_like(labels), {"t1": regions})
    green = REGIONS[0].colour
    counts = {
        name: coloured(first_row(pixels(tmp_path / f"{name}.png")), green).sum()
        for name in ("both", "expert", "network")
    }
    assert 0 < counts["expert"] < 0.7 * counts["network"]
    assert counts["both"] >= 0.9 * counts["network"]


def test_left_is_on_the_right_and_superior_on_top(tmp_path: Path) -> None:
    image, labels = image_and_labels()
    sample_picture(tmp_path / "a.png", image, labels, {"t1": labels_to_regions(labels)})
    picture = first_row(pixels(tmp_path / "a.png"))
    green = coloured(picture, REGIONS[0].colour)
    # Widths of the three views: left-right, left-right, front-back; gaps of 6 mm; 2 pixels per mm.
    axial, coronal = slice(12, 172), slice(184, 344)
    rows, columns = np.nonzero(green[:, axial])
    assert columns.mean() > 0.6 * 160  # the tumour is on the patient's left
    assert rows.mean() < 26 + 0.5 * 128  # and in front, which is on top
    rows, columns = np.nonzero(green[:, coronal])
    assert columns.mean() > 0.6 * 160
    assert rows.mean() < 26 + 64  # and high up


def test_slices_are_cut_where_asked() -> None:
    volume = np.arange(2 * 3 * 4).reshape(2, 3, 4)
    axial, coronal, sagittal = slices(volume, (1, 2, 3))
    assert (axial == volume[1]).all()
    assert (coronal == volume[::-1, 2]).all()
    assert (sagittal == volume[::-1, :, 3]).all()


def test_the_cut_goes_through_the_experts_innermost_region() -> None:
    _, labels = image_and_labels()
    truth = labels_to_regions(labels)
    centre = tumour_centre(truth, {})
    assert truth[2][centre] and centre == (31, 19, 58)


def test_the_cut_lies_in_a_region_whose_centre_of_mass_does_not() -> None:
    ring = np.zeros((1, 9, 9, 9), bool)
    ring[0, 4, 1:8, 1:8] = True
    ring[0, 4, 2:7, 2:7] = False
    assert ring[0][tumour_centre(ring, {})]


def test_without_the_experts_tumour_the_cut_goes_through_what_was_found() -> None:
    nothing, found = np.zeros((3, 8, 8, 8), bool), np.zeros((3, 8, 8, 8), bool)
    found[0, 6, 5, 1] = True
    assert tumour_centre(nothing, {"t1": nothing, "t2": found}) == (6, 5, 1)
    assert tumour_centre(nothing, {"t1": nothing}) == (4, 4, 4)


@pytest.mark.parametrize(
    ("subset", "missing", "shown"),
    [
        ("t1+t1c+t2+flair", (), "t1c"),
        ("t1+t2", (), "t2"),
        ("t1c+flair", (1,), "flair"),
        ("t1", (0, 1), "flair"),
        ("unknown", (), "t1c"),
    ],
)
def test_the_best_sequence_that_the_network_had_is_shown(
    subset: str, missing: tuple[int, ...], shown: str
) -> None:
    image = np.ones((4, 2, 2, 2), np.float16)
    for index in missing:
        image[index] = 0
    assert best_sequence(image, subset) == shown


def test_an_image_of_nothing_still_gives_a_picture(tmp_path: Path) -> None:
    empty = np.zeros((4, 16, 16, 16), np.float16)
    labels = np.zeros((16, 16, 16), np.uint8)
    sample_picture(tmp_path / "a.png", empty, labels, {"t1": np.ones((3, 16, 16, 16), bool)})
    assert pixels(tmp_path / "a.png").size


def test_the_latest_picture_is_that_of_the_highest_step(tmp_path: Path) -> None:
    assert latest_picture(tmp_path) is None
    (tmp_path / "samples").mkdir()
    for step in (500, 20_000, 1000):
        picture_path(tmp_path, step).touch()
    (tmp_path / "samples" / "step_00099999.partial").touch()
    assert latest_picture(tmp_path) == picture_path(tmp_path, 20_000)


def test_importing_the_pictures_does_not_import_matplotlib() -> None:
    code = "import sys, humor_training.monitoring.pictures; sys.exit('matplotlib' in sys.modules)"
    paths = [str(Path(__file__).resolve().parents[3] / name) for name in ("HUMoRSegment", "Training")]
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": ":".join(paths)})
