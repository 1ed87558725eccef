from __future__ import annotations

import cc3d
import numpy as np
import pytest
import torch
from monai.metrics import compute_dice
from scipy import ndimage

from humor_training.evaluation.lesions import lesion_dice
from humor_training.evaluation.mask import Mask, cut
from training.evaluation.shapes import EMPTY, MM, cube, noise

LARGE, OTHER, SMALL = cube((4, 4, 4), 10), cube((28, 28, 28), 5), cube((4, 30, 4), 3)
"""1000, 125 and 27 mm³, far apart."""


def score(found: np.ndarray, truth: np.ndarray) -> float:
    return lesion_dice(cut(found, MM), cut(truth, MM))


def test_a_missed_lesion_counts_zero_whatever_its_size() -> None:
    assert score(LARGE, LARGE | OTHER) == pytest.approx(1 / 2)
    assert score(OTHER, LARGE | OTHER) == pytest.approx(1 / 2)
    assert score(LARGE | OTHER, LARGE | OTHER) == 1.0


def test_a_false_positive_counts_zero_even_if_it_is_one_voxel() -> None:
    assert score(LARGE | cube((35, 5, 35), 1), LARGE) == pytest.approx(1 / 2)


def test_a_small_lesion_is_not_scored_and_finding_it_is_no_fault() -> None:
    assert score(LARGE, LARGE | SMALL) == 1.0
    assert score(LARGE | SMALL, LARGE | SMALL) == 1.0
    assert score(LARGE | SMALL, LARGE) == pytest.approx(1 / 2)


def test_the_threshold_is_in_cubic_millimetres() -> None:
    spacing = (1.0, 2.0, 1.0)  # makes the small lesion 54 mm³
    assert lesion_dice(cut(LARGE, spacing), cut(LARGE | SMALL, spacing)) == pytest.approx(1 / 2)


def test_parts_that_touch_after_three_dilations_are_one_lesion() -> None:
    first = cube((4, 4, 4), 8)
    near, far = cube((18, 4, 4), 8), cube((19, 4, 4), 8)  # gaps of 6 and 7 voxels
    assert score(first, first | near) == pytest.approx(2 * 512 / (512 + 1024))
    assert score(first, first | far) == pytest.approx(1 / 2)


def test_all_parts_near_a_lesion_answer_for_it_together() -> None:
    beside = cube((16, 8, 8), 1)  # two voxels from the lesion
    assert score(LARGE | beside, LARGE) == pytest.approx(2 * 1000 / (1000 + 1001))


def test_one_part_that_touches_two_lesions_answers_for_both() -> None:
    truth = LARGE | cube((24, 4, 4), 10)
    bridge = truth.copy()
    bridge[14:24, 8, 8] = True
    assert score(bridge, truth) == pytest.approx(2 * 1000 / (1000 + 2010))


def test_empty_masks() -> None:
    some = cut(LARGE, MM)
    assert lesion_dice(EMPTY, EMPTY) == 1.0
    assert lesion_dice(some, EMPTY) == lesion_dice(EMPTY, some) == 0.0
    assert lesion_dice(EMPTY, cut(SMALL, MM)) == 1.0


def step_by_step(found: Mask, truth: Mask, shape: tuple[int, ...]) -> float:
    """The rule without any shortcut, by libraries: cc3d's components, SciPy's dilation, MONAI's Dice."""
    whole = {}
    for name, mask in (("found", found), ("truth", truth)):
        whole[name] = np.zeros(shape, bool)
        box = tuple(slice(a, a + n) for a, n in zip(mask.start, mask.values.shape, strict=True))
        whole[name][box] = mask.values
    structure = ndimage.generate_binary_structure(3, 2)
    dilated = ndimage.binary_dilation(whole["truth"], structure, 3)
    groups, count = cc3d.connected_components(dilated, connectivity=26, return_N=True)
    parts, part_count = cc3d.connected_components(whole["found"], connectivity=26, return_N=True)
    answered, scores = set(), []
    for lesion in range(1, count + 1):
        marked = whole["truth"] & (groups == lesion)
        touching = set(np.unique(parts[ndimage.binary_dilation(marked, structure, 3)])) - {0}
        answered |= touching
        if marked.sum() > 50:
            guess = np.isin(parts, list(touching))
            first, second = (
                torch.from_numpy(mask[None, None].astype(np.float32)) for mask in (guess, marked)
            )
            scores.append(float(compute_dice(first, second)))
    return float(np.sum(scores) / (len(scores) + part_count - len(answered)))


@pytest.mark.parametrize("seed", range(4))
def test_it_is_the_rule_step_by_step(seed: int) -> None:
    shape = (60, 50, 40)
    found, truth = (cut(noise(n, 2.5, shape), MM) for n in (seed, seed + 100))
    expected = step_by_step(found, truth, shape)
    assert 0 < expected < 1
    assert lesion_dice(found, truth) == pytest.approx(expected)
