from __future__ import annotations

import pytest
import torch
from monai.metrics import compute_hausdorff_distance

from humor_training.evaluation.mask import cut
from humor_training.evaluation.measures import hd95
from training.evaluation.shapes import EMPTY, MM, cube, noise


def test_two_voxels_are_as_far_apart_as_their_centres() -> None:
    one, other = cube((2, 2, 2), 1), cube((5, 4, 2), 1)
    assert hd95(cut(one, MM), cut(other, MM)) == pytest.approx(13**0.5)
    assert hd95(cut(one, (1.0, 2.0, 3.0)), cut(other, (1.0, 2.0, 3.0))) == pytest.approx(5.0)


def test_a_mask_is_at_no_distance_from_itself() -> None:
    assert hd95(cut(noise(0), MM), cut(noise(0), MM)) == 0.0


@pytest.mark.parametrize("spacing", [MM, (1.0, 2.5, 0.7)])
def test_it_is_monais(spacing: tuple[float, float, float]) -> None:
    found, truth = noise(1), noise(2)
    one, other = (torch.from_numpy(mask)[None, None] for mask in (found, truth))
    theirs = compute_hausdorff_distance(
        one, other, include_background=True, percentile=95, spacing=list(spacing)
    )
    assert float(theirs) > 2
    assert hd95(cut(found, spacing), cut(truth, spacing)) == pytest.approx(float(theirs), rel=1e-5)


def test_empty_masks_count_as_in_brats() -> None:
    some = cut(cube((2, 2, 2), 3), MM)
    assert hd95(EMPTY, EMPTY) == 0.0
    assert hd95(EMPTY, some) == hd95(some, EMPTY) == 374.0
