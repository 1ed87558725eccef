from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from scipy import ndimage

from humor_training.augmentation.tensor_case import TensorCase, on_device
from humor_training.augmentation.transplantation import signed_distance, transplant

from .conftest import ball, brain_case

CPU = torch.device("cpu")


def tensors(name: str, tumour: tuple[float, float, float] | None, **more: int) -> TensorCase:
    return on_device(brain_case(name, tumour, **more), CPU)


def grafts(count: int = 12) -> list[TensorCase]:
    donor, host = tensors("donor", (36.0, 44.0, 20.0), radius=9), tensors("host", None, seed=1)
    return [transplant(donor, host, np.random.default_rng(seed)) for seed in range(count)]


def test_labels_and_intensities_move_together() -> None:
    for result in grafts():
        image, labels = result.image[0].float(), result.labels
        assert int((labels > 0).sum()) > 50
        rim = (labels == 4) & (signed_distance(labels > 0) < -3)
        healthy = (labels == 0) & (image != 0)
        if rim.any():
            assert float(image[rim].mean()) > float(image[healthy].mean()) + 3 * float(image[healthy].std())
        bright = (image > 2.0) & (signed_distance(labels > 0) > 3)
        assert not bright.any()


def test_nothing_outside_the_brain_is_filled() -> None:
    outside = torch.from_numpy(~ball((64, 80, 64), (32, 40, 32), 29))
    for result in grafts():
        assert not result.image[:, outside].any() and not result.labels[outside].any()


def test_the_tumour_is_put_at_other_places_and_on_both_sides() -> None:
    middles = np.array([np.argwhere(result.labels.numpy() > 0).mean(axis=0) for result in grafts()])
    assert (middles[:, 2] < 32).any() and (middles[:, 2] > 32).any()
    assert middles[:, 0].std() > 2


def test_the_margin_keeps_the_whole_lesion_or_at_least_its_middle() -> None:
    donor = int((tensors("donor", (36.0, 44.0, 20.0), radius=9).labels > 0).sum())
    sizes = np.array([int((result.labels > 0).sum()) for result in grafts(30)])
    assert sizes.max() <= donor and sizes.max() > 0.95 * donor
    assert sizes.min() < 0.7 * donor  # carved inside its border
    assert sizes.min() > 0.5**3 * 0.5 * donor  # at most half the depth goes


def test_a_sequence_that_either_lacks_is_missing() -> None:
    donor, host = tensors("donor", (36.0, 44.0, 20.0)), tensors("host", None)
    donor.image[0], host.image[2] = 0, 0
    donor = replace(donor, available=np.array([False, True, True, True]))
    host = replace(host, available=np.array([True, True, False, True]))
    result = transplant(donor, host, np.random.default_rng(0))
    assert result.available.tolist() == [False, True, False, True]
    assert not result.image[0].any() and not result.image[2].any()
    assert bool(result.image[1].any()) and bool((result.labels > 0).any())


def test_without_a_lesion_or_a_common_sequence_the_host_stays_as_it_is() -> None:
    host = tensors("host", (30.0, 40.0, 40.0))
    assert transplant(tensors("donor", None), host, np.random.default_rng(0)) is host
    donor = replace(tensors("donor", (36.0, 44.0, 20.0)), available=np.array([True, False, False, False]))
    other = replace(host, available=np.array([False, True, True, True]))
    assert transplant(donor, other, np.random.default_rng(0)) is other


def test_the_host_itself_and_the_donor_are_not_changed() -> None:
    donor, host = tensors("donor", (36.0, 44.0, 20.0)), tensors("host", (30.0, 40.0, 44.0))
    before = [donor.image.clone(), host.image.clone(), host.labels.clone()]
    transplant(donor, host, np.random.default_rng(0))
    assert all(
        bool((a == b).all()) for a, b in zip(before, (donor.image, host.image, host.labels), strict=True)
    )


def test_the_brain_keeps_its_mean_and_deviation() -> None:
    host = tensors("host", None, seed=1)
    inside = host.image[1] != 0
    for result in grafts(4):
        old, new = host.image[1][inside].float(), result.image[1][inside].float()
        assert abs(float(new.mean() - old.mean())) < 0.05 and abs(float(new.std() / old.std()) - 1) < 0.15


def test_the_same_chance_gives_the_same_patient() -> None:
    first, second = grafts(2), grafts(2)
    assert bool((first[0].image == second[0].image).all())
    assert not bool((first[0].labels == first[1].labels).all())


def test_signed_distance_is_that_of_scipy_to_about_two_voxels() -> None:
    mask = ball((33, 40, 37), (15, 20, 18), 9)
    exact = ndimage.distance_transform_edt(~mask) - ndimage.distance_transform_edt(mask)
    error = np.abs(signed_distance(torch.from_numpy(mask)).numpy() - exact)
    assert error[np.abs(exact) < 10].max() < 2.2 and error.mean() < 2.0


def test_results_go_back_to_arrays() -> None:
    case = grafts(1)[0].labelled()
    assert case.image.dtype == np.float16 and case.labels.dtype == np.uint8 and case.available.all()
