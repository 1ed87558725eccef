from __future__ import annotations

import numpy as np
import pytest

from humor_training.augmentation.chance import drop_sequences
from humor_training.augmentation.intensity import vary_intensity
from humor_training.augmentation.windows import SpatialConfig, random_window
from humor_training.data.packing import LabelledCase

STILL = SpatialConfig(tumour_share=1.0, rotation=0.0, scale=0.0, mirror=0.0)
SIZE = (32, 32, 32)


@pytest.fixture
def case() -> LabelledCase:
    """The image is the label map itself, so that both must be turned alike."""
    labels = np.zeros((64, 80, 48), np.uint8)
    labels[20:40, 30:50, 10:30] = 2
    labels[26:34, 36:44, 16:24] = 1
    labels[28:31, 38:41, 18:21] = 4
    image = np.stack([labels * k for k in (1, 2, 3, 4)]).astype(np.float16)
    image[:, labels == 0] = 0.5
    return LabelledCase("made up", image, np.ones(4, bool), labels)


def test_image_and_labels_are_turned_alike(case: LabelledCase) -> None:
    rng = np.random.default_rng(0)
    agree = []
    for _ in range(10):
        image, regions = random_window(case, SIZE, SpatialConfig(), rng)
        assert image.shape == (4, *SIZE) and regions.shape == (3, *SIZE)
        agree.append(((image[0] > 0.9) == (regions[0] > 0)).float().mean().item())
    assert min(agree) > 0.93  # all but the interpolated borders


def test_a_window_that_is_not_turned_keeps_every_volume(case: LabelledCase) -> None:
    _, regions = random_window(case, (64, 80, 48), STILL, np.random.default_rng(1))
    truth = [20 * 20 * 20, 8 * 8 * 8, 3 * 3 * 3]
    assert regions.sum(dim=(1, 2, 3)).tolist() == truth


def test_mirroring_swaps_left_and_right_only(case: LabelledCase) -> None:
    plain = SpatialConfig(tumour_share=1.0, rotation=0.0, scale=0.0, mirror=0.0)
    mirrored = SpatialConfig(tumour_share=1.0, rotation=0.0, scale=0.0, mirror=1.0)
    first, _ = random_window(case, SIZE, plain, np.random.default_rng(5))
    second, _ = random_window(case, SIZE, mirrored, np.random.default_rng(5))
    np.testing.assert_allclose(first.flip(-1).numpy(), second.numpy(), atol=1e-3)


def test_the_same_chance_gives_the_same_window(case: LabelledCase) -> None:
    a, _ = random_window(case, SIZE, SpatialConfig(), np.random.default_rng(3))
    b, _ = random_window(case, SIZE, SpatialConfig(), np.random.default_rng(3))
    c, _ = random_window(case, SIZE, SpatialConfig(), np.random.default_rng(4))
    assert bool((a == b).all()) and not bool((a == c).all())


def test_intensities_change_but_the_background_stays_zero(case: LabelledCase) -> None:
    image, _ = random_window(case, SIZE, STILL, np.random.default_rng(0))
    image[:, :4] = 0
    varied = vary_intensity(image, np.random.default_rng(0))
    assert varied.shape == image.shape and not varied[:, :4].any()
    assert not np.allclose(varied, image)


def test_all_subsets_of_what_is_there_are_drawn_and_no_other() -> None:
    available = np.array([True, False, True, True])
    rng = np.random.default_rng(0)
    drawn = {tuple(drop_sequences(available, 0.3, rng).tolist()) for _ in range(400)}
    assert len(drawn) == 7
    assert all(any(flags) and not flags[1] for flags in drawn)
