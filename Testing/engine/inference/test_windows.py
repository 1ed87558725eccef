from __future__ import annotations

import numpy as np
import pytest

from humor.inference.windows import boxes, gaussian, starts, stitch


@pytest.mark.parametrize(
    ("length", "window", "overlap", "expected"),
    [
        (144, 96, 0.5, [0, 48]),
        (160, 96, 0.5, [0, 48, 64]),
        (96, 96, 0.5, [0]),
        (64, 96, 0.5, [0]),
        (112, 64, 0.25, [0, 48]),
    ],
)
def test_windows_start_on_tokens_and_end_at_the_border(
    length: int, window: int, overlap: float, expected: list[int]
) -> None:
    assert starts(length, window, overlap) == expected


def test_every_voxel_is_in_a_window() -> None:
    seen = np.zeros((112, 80, 144), int)
    for box in boxes((112, 80, 144), (64, 96, 64), 0.5):
        seen[box] += 1
    assert seen.min() >= 1


def test_stitching_a_predictor_of_single_voxels_gives_its_own_values() -> None:
    image = np.random.default_rng(0).normal(size=(4, 80, 64, 96)).astype(np.float32)
    done: list[float] = []

    def predict(part: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        tokens = part[0].reshape(part.shape[1] // 16, 16, part.shape[2] // 16, 16, -1, 16).mean((1, 3, 5))
        return part[:3] * 2, np.stack([tokens, -tokens])[None]

    values, gates = stitch(image, (48, 48, 48), 0.5, predict, done.append)
    np.testing.assert_allclose(values, image[:3] * 2, rtol=1e-4, atol=1e-5)
    assert gates is not None and gates.shape == (1, 2, 5, 4, 6)
    np.testing.assert_allclose(
        gates[0, 0], image[0].reshape(5, 16, 4, 16, 6, 16).mean((1, 3, 5)), rtol=1e-4, atol=1e-5
    )
    assert done[-1] == 1.0


def test_the_middle_of_a_window_weighs_most_and_nothing_weighs_nothing() -> None:
    weights = gaussian((48, 48, 48))
    assert weights.max() == pytest.approx(1.0) and weights.min() > 0
    assert weights[24, 24, 24] > weights[24, 24, 40] > weights[24, 40, 40]
