"""A training window from chance: case, tumour, place, contrast, sequences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from humor.sequences import availability, subset_name, subsets

from ..data.labelled_case import LabelledCase
from .chance import below
from .config import AugmentationConfig
from .intensity import vary_intensity
from .painting_tumours import painted
from .shapes import Shape
from .synthesis.patients import synthetic_patient
from .tensor_case import TensorCase, on_device
from .transplantation import transplant
from .warping import Size
from .windows import random_window

DONORS = 4
"""Patients that are asked for the appearance of a painted tumour: some lack one of its labels."""


@dataclass(frozen=True)
class Sample:
    """A window to learn from.

    Attributes:
        image: float32 ``[4, *size]``, zeros where a sequence is missing (or was dropped).
        regions: float32 ``[3, *size]``, 0 or 1 (WT, TC, ET).
        available: bool ``[4]``.
    """

    image: Tensor
    regions: Tensor
    available: Tensor


def draw(
    cases: Sequence[LabelledCase | TensorCase],
    size: Size,
    config: AugmentationConfig,
    rng: np.random.Generator,
    device: torch.device,
    keep_dropped: bool = False,
    shapes: Sequence[Shape] = (),
) -> Sample:
    """A random window, made on ``device``.

    All chance comes from ``rng``: the same generator gives the same window again on the same kind of
    device (numbers of large noise arrays are made there).

    Args:
        cases: at least one. ``TensorCase`` that lie on the device already save the transfer.
        size: edges in voxels.
        config: its numbers.
        rng: chance.
        device: where.
        keep_dropped: the image holds the dropped sequences too, for losses that look at more than one
            subset of them.
        shapes: what ``config.painted`` takes its tumours from; where there is none, none is painted.

    Raises:
        UsageError: synthetic patients are wanted and there is no template in ``config.templates``.
    """
    case = _case(cases, config, rng, device, shapes)
    kept = drop_sequences(case.available, config, rng)
    shown = case.available if keep_dropped else kept
    image, regions = random_window(case, size, config.spatial, shown, rng)
    for channel in np.flatnonzero(shown):
        vary_intensity(image[channel], config.intensity, rng)
    return Sample(image, regions, torch.from_numpy(kept.copy()).to(device))


def _case(
    cases: Sequence[LabelledCase | TensorCase],
    config: AugmentationConfig,
    rng: np.random.Generator,
    device: torch.device,
    shapes: Sequence[Shape],
) -> TensorCase:
    """One of the cases, one with another's tumour in it or a painted one, or a synthetic patient."""
    if below(rng, config.synthetic):
        return synthetic_patient(config.templates, config.synthesis, rng, device)
    # No draw where it is off, so that recipes without it keep their chance.
    paint = config.painted > 0 and below(rng, config.painted)
    order = rng.permutation(len(cases))[: 1 + DONORS]
    host = on_device(cases[order[0]], device)
    if paint and shapes:
        shape = shapes[int(rng.integers(len(shapes)))]
        for donor in order[1:]:
            result = painted(shape, on_device(cases[donor], device), host, rng)
            if result is not host:
                return result
        return host
    if len(order) >= 2 and below(rng, config.transplant):
        return transplant(on_device(cases[order[1]], device), host, rng)
    return host


def drop_sequences(available: np.ndarray, config: AugmentationConfig, rng: np.random.Generator) -> np.ndarray:
    """Flags ``[4]`` of a random non-empty subset of the available sequences.

    The rules are those of ``AugmentationConfig``: ``independent`` if it is set, as in published
    curricula, else ``keep_all`` and then ``subset_weights``.

    Args:
        available: flags ``[4]`` of what the case has.
        config: the rules.
        rng: chance.
    """
    if config.independent is not None:
        return _independently(available, config.independent, rng)
    if below(rng, config.keep_all):
        return available
    flags, weights = possible_subsets(available, config.subset_weights)
    if weights.sum() == 0:  # the recipe excludes all that this case could give
        return available
    return flags[rng.choice(len(flags), p=weights / weights.sum())]


def possible_subsets(available: np.ndarray, named: dict[str, float]) -> tuple[list[np.ndarray], np.ndarray]:
    """Flags of the subsets that a case can give, and their relative weights."""
    flags, weights = [], []
    for names in subsets():
        flag = np.array(availability(names))
        if not (flag & ~available).any():
            flags.append(flag)
            missing = len(flag) - int(flag.sum())
            weights.append(named.get(subset_name(names), 1.0 + missing))
    return flags, np.array(weights, float)


def _independently(available: np.ndarray, probability: float, rng: np.random.Generator) -> np.ndarray:
    kept = available & (rng.random(len(available)) >= probability)
    if not kept.any():
        kept[rng.choice(np.flatnonzero(available))] = True
    return kept
