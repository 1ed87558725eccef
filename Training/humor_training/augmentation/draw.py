"""A training window from chance: case, tumour, place, contrast, sequences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..data.packing import LabelledCase
from .chance import below
from .config import AugmentationConfig
from .dropping import drop_sequences
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
