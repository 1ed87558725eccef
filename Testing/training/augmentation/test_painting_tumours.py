from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from humor_training.augmentation.config import AugmentationConfig
from humor_training.augmentation.draw import draw
from humor_training.augmentation.painting_tumours import painted
from humor_training.augmentation.shapes import Shape
from humor_training.augmentation.tensor_case import TensorCase, on_device

from .conftest import ball, brain_case

CPU = torch.device("cpu")
VALUES = {1: 3.0, 2: 2.0, 4: 4.0}


def round_shape() -> Shape:
    """Nested balls of oedema, rim and core, 14 mm right of the brain's middle."""
    size = (20, 14, 14)
    coarse = np.zeros(size, np.uint8)
    middle = np.array([9.5, 6.5, 6.5])[:, None, None, None]
    spacing = np.array([155, 240, 240])[:, None, None, None] / 128
    distance = np.sqrt((((np.indices(size) - middle) * spacing) ** 2).sum(axis=0))
    for kind, radius in ((2, 11.0), (4, 8.0), (1, 5.0)):
        coarse[distance < radius] = kind
    extent = np.array(size) * spacing.ravel()
    return Shape("round", coarse, np.array([0.0, 0.0, -14.0]) - extent / 2)


def donor() -> TensorCase:
    return on_device(brain_case("donor", (36.0, 44.0, 26.0), radius=16), CPU)


def host() -> TensorCase:
    return on_device(brain_case("host", None, seed=1), CPU)


def results(count: int = 8) -> list[TensorCase]:
    return [painted(round_shape(), donor(), host(), np.random.default_rng(seed)) for seed in range(count)]


def test_labels_are_the_shape_s_and_lie_in_the_brain() -> None:
    volume = {kind: int((torch.from_numpy(round_shape().labels()[0]) == kind).sum()) for kind in VALUES}
    outside = torch.from_numpy(~ball((64, 80, 64), (32, 40, 32), 29))
    sides = set()
    for result in results():
        assert not result.labels[outside].any() and not result.image[:, outside].any()
        for kind, expected in volume.items():
            assert 0.6 * expected < int((result.labels == kind).sum()) < 1.4 * expected
        middle = (result.labels > 0).nonzero().float().mean(dim=0)
        assert abs(float(middle[0]) - 32) < 14 and 4 < abs(float(middle[2]) - 32) < 27
        sides.add(bool(middle[2] > 32))
    assert sides == {True, False}


def test_each_label_looks_like_the_donor_s() -> None:
    for result in results(4):
        healthy = (result.labels == 0) & (result.image[0] != 0)
        means = {kind: float(result.image[1][result.labels == kind].float().mean()) for kind in VALUES}
        # In the host's brightness, which is re-normalised: the order and the steps stay.
        base, noise = result.image[1][healthy].float().mean(), result.image[1][healthy].float().std()
        assert float(base) + 3 * float(noise) < means[2] < means[1] < means[4]
        assert (means[4] - means[2]) / (means[1] - float(base)) == pytest.approx(2 / 3, abs=0.25)


def test_the_texture_has_the_donor_s_deviation_and_correlation() -> None:
    source = donor()
    rng = np.random.default_rng(5)
    shared = rng.normal(0, 0.6, tuple(source.labels.shape))
    image, oedema = source.image.clone(), source.labels == 4
    for channel, sign in enumerate((1, 1, -1, -1)):
        image[channel][oedema] += torch.from_numpy(sign * shared).half()[oedema]
    result = painted(round_shape(), replace(source, image=image), host(), np.random.default_rng(2))
    where = result.labels == 4
    inside = result.image[:, where].float()
    correlation = np.corrcoef(inside.numpy())
    assert correlation[0, 1] > 0.5 and correlation[2, 3] > 0.5
    assert correlation[0, 1] > correlation[0, 2]


def test_the_rest_of_the_brain_keeps_its_pattern() -> None:
    before = host()
    for result in results(3):
        far = (result.labels == 0) & (before.image[0] != 0)
        old, new = before.image[0][far].float().numpy(), result.image[0][far].float().numpy()
        assert np.corrcoef(old, new)[0, 1] > 0.8


def test_the_same_chance_gives_the_same_patient_and_nothing_given_is_changed() -> None:
    source, target = donor(), host()
    before = [source.image.clone(), target.image.clone(), target.labels.clone()]
    first = painted(round_shape(), source, target, np.random.default_rng(3))
    again = painted(round_shape(), source, target, np.random.default_rng(3))
    other = painted(round_shape(), source, target, np.random.default_rng(4))
    assert torch.equal(first.image, again.image) and torch.equal(first.labels, again.labels)
    assert not torch.equal(first.labels, other.labels)
    after = [source.image, target.image, target.labels]
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))


def test_a_sequence_that_either_lacks_is_missing() -> None:
    source = replace(donor(), available=np.array([False, True, True, True]))
    target = replace(host(), available=np.array([True, True, False, True]))
    result = painted(round_shape(), source, target, np.random.default_rng(0))
    assert result.available.tolist() == [False, True, False, True] and bool(result.labels.any())
    assert not result.image[0].any() and not result.image[2].any()


def test_the_host_stays_as_it_is_without_a_common_sequence_or_a_label_of_the_donor_s() -> None:
    target, rng = host(), np.random.default_rng(0)
    no_rim = replace(donor(), labels=torch.where(donor().labels == 4, 2, donor().labels))
    assert painted(round_shape(), no_rim, target, rng) is target
    first = replace(donor(), available=np.array([True, False, False, False]))
    rest = replace(target, available=np.array([False, True, True, True]))
    assert painted(round_shape(), first, rest, rng) is rest
    far = replace(round_shape(), start=np.array([300.0, 0.0, 0.0]))
    assert painted(far, donor(), target, rng) is target


def test_draw_paints_when_asked_and_without_it_keeps_its_chance() -> None:
    cases = [brain_case("a", (36.0, 44.0, 26.0), radius=16), brain_case("b", None, seed=1)]
    size, plain = (64, 80, 64), AugmentationConfig(keep_all=1.0)
    config = replace(plain, painted=1.0, shapes="maps.npz")

    def window(numbers: AugmentationConfig, shapes: tuple[Shape, ...], seed: int) -> torch.Tensor:
        return draw(cases, size, numbers, np.random.default_rng(seed), CPU, shapes=shapes).regions

    shown = [bool(window(config, (round_shape(),), seed).any()) for seed in range(6)]
    assert all(shown)
    assert not all(bool(window(plain, (), seed).any()) for seed in range(6))
    assert torch.equal(window(plain, (round_shape(),), 0), window(plain, (), 0))
