from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from humor_training.augmentation.config import SpatialConfig
from humor_training.augmentation.tensor_case import TensorCase, on_device
from humor_training.augmentation.warping import from_knots, knot_grid, smooth_field, spline_weights
from humor_training.augmentation.windows import random_window
from humor_training.data.labelled_case import LabelledCase

CPU = torch.device("cpu")
STILL = SpatialConfig(centres={"WT": 1.0}, rotation=0.0, scale=0.0, mirror=0.0, elastic=0.0)
SIZE = (32, 32, 32)
ALL = np.ones(4, bool)


@pytest.fixture
def case() -> TensorCase:
    """The image is the label map itself, so that both must be turned alike."""
    labels = np.zeros((64, 80, 48), np.uint8)
    labels[20:40, 30:50, 10:30] = 2
    labels[26:34, 36:44, 16:24] = 1
    labels[28:31, 38:41, 18:21] = 4
    image = np.stack([labels * k for k in (1, 2, 3, 4)]).astype(np.float16)
    image[:, labels == 0] = 0.5
    return on_device(LabelledCase("made up", image, np.ones(4, bool), labels), CPU)


def test_image_and_labels_are_turned_and_bent_alike(case: TensorCase) -> None:
    rng, config = np.random.default_rng(0), SpatialConfig(elastic=1.0)
    agree = []
    for _ in range(10):
        image, regions = random_window(case, SIZE, config, ALL, rng)
        assert image.shape == (4, *SIZE) and regions.shape == (3, *SIZE)
        agree.append(((image[0] > 0.9) == (regions[0] > 0)).float().mean().item())
    assert min(agree) > 0.93  # all but the interpolated borders


def test_a_window_that_is_not_turned_is_the_case(case: TensorCase) -> None:
    image, regions = random_window(case, (64, 80, 48), STILL, ALL, np.random.default_rng(1))
    truth = [20 * 20 * 20, 8 * 8 * 8, 3 * 3 * 3]
    assert regions.sum(dim=(1, 2, 3)).tolist() == truth
    torch.testing.assert_close(image, case.image.float(), atol=1e-3, rtol=0)


def test_a_window_lies_over_the_case_at_whole_voxels_of_the_right_place(case: TensorCase) -> None:
    image, regions = random_window(case, SIZE, STILL, ALL, np.random.default_rng(3))
    assert bool((regions[0].bool() == (image[0] > 0.75)).float().mean() > 0.97)
    assert float(image.min()) > 0.4  # beyond the case it would be 0


def test_mirroring_swaps_left_and_right_only(case: TensorCase) -> None:
    mirrored = SpatialConfig(centres={"WT": 1.0}, rotation=0.0, scale=0.0, mirror=1.0, elastic=0.0)
    first, _ = random_window(case, SIZE, STILL, ALL, np.random.default_rng(5))
    second, _ = random_window(case, SIZE, mirrored, ALL, np.random.default_rng(5))
    np.testing.assert_allclose(first.flip(-1).numpy(), second.numpy(), atol=1e-2)


def test_a_window_without_a_map_has_the_voxels_of_the_case(case: TensorCase) -> None:
    """Also where the window is larger than the case, and mirrored."""
    own = SpatialConfig(centres={}, warp=0.0, mirror=0.0)
    image, regions = random_window(case, (80, 80, 64), own, ALL, np.random.default_rng(2))
    assert torch.equal(image[:, 8:72, :, 8:56], case.image.float())
    assert torch.equal(regions[0, 8:72, :, 8:56].bool(), case.labels > 0)
    assert not image[:, :8].any() and not image[:, 72:].any() and not regions[..., :8].any()
    mirrored = replace(own, mirror=1.0)
    turned, marked = random_window(case, (80, 80, 64), mirrored, ALL, np.random.default_rng(2))
    assert torch.equal(turned.flip(-1), image) and torch.equal(marked.flip(-1), regions)


@pytest.mark.parametrize(("centres", "least"), [({"ET": 1.0}, 8), ({"WT": 0.5, "TC": 0.5}, 1)])
def test_windows_lie_near_the_regions_that_are_asked_for(
    case: TensorCase, centres: dict[str, float], least: int
) -> None:
    """Within a quarter of the window's edge of the voxel that they were drawn for."""
    config = replace(STILL, centres=centres)
    found = [
        random_window(case, SIZE, config, ALL, np.random.default_rng(seed))[1].sum(dim=(1, 2, 3))
        for seed in range(10)
    ]
    wanted = max(("WT", "TC", "ET").index(key) for key in centres)
    assert min(float(sums[wanted]) for sums in found) >= least


def test_a_case_without_the_region_gives_its_windows_to_the_next_larger_one(case: TensorCase) -> None:
    labels = torch.where(case.labels == 4, 0, case.labels)
    labels = torch.where(labels == 1, 2, labels)
    without = replace(case, labels=labels)
    config = replace(STILL, centres={"ET": 1.0})
    for seed in range(10):
        _, regions = random_window(without, SIZE, config, ALL, np.random.default_rng(seed))
        assert regions[0].any() and not regions[1:].any()


@pytest.mark.parametrize("centres", [{"XX": 0.1}, {"WT": -0.1}, {"WT": 0.6, "ET": 0.6}])
def test_shares_that_are_none_are_refused(centres: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="centres"):
        SpatialConfig(centres=centres)


def test_the_same_chance_gives_the_same_window(case: TensorCase) -> None:
    a, b, c = (
        random_window(case, SIZE, SpatialConfig(), ALL, np.random.default_rng(n))[0] for n in (3, 3, 4)
    )
    assert bool((a == b).all()) and not bool((a == c).all())


def test_dropped_sequences_are_zeros_and_change_nothing_else(case: TensorCase) -> None:
    kept = np.array([True, False, False, True])
    whole, regions = random_window(case, SIZE, SpatialConfig(), ALL, np.random.default_rng(7))
    part, same = random_window(case, SIZE, SpatialConfig(), kept, np.random.default_rng(7))
    assert not part[~kept].any()
    assert bool((part[kept] == whole[kept]).all()) and bool((regions == same).all())


def test_a_map_that_is_linear_at_the_knots_is_linear_everywhere() -> None:
    size = (13, 9, 21)
    values = torch.from_numpy(knot_grid(size, 6.0)[2]).float()
    expected = torch.arange(21.0).expand(size)
    torch.testing.assert_close(from_knots(values, 6.0, size), expected, atol=1e-4, rtol=0)
    torch.testing.assert_close(spline_weights(50, 7.0, CPU).sum(dim=1), torch.ones(50))


def test_a_smooth_field_has_the_deviation_and_smoothness_it_should() -> None:
    field = smooth_field((60, 60, 60), 6.0, np.random.default_rng(0), CPU)
    assert 0.85 < float(field.std()) < 1.15
    assert float(field.diff(dim=0).abs().max()) < 1.0
