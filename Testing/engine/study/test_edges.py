"""Agreement of edges, whatever the contrast."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from humor.study.alignment import RIM, Edges, agreement, find_edges

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
