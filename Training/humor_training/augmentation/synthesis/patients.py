"""Synthetic patients for training: on the fly from a set of anatomies, or a number of them up front."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch

from humor.errors import UsageError

from ...data.packing import LabelledCase
from ..config import SynthesisConfig
from ..tensor_case import TensorCase
from .anatomy import Anatomy, make_anatomy
from .painting import paint
from .template import load_template

KEPT = 64
"""Anatomies in memory at most."""


def synthetic_patient(
    templates: str, config: SynthesisConfig, rng: np.random.Generator, device: torch.device
) -> TensorCase:
    """A patient with a tumour and all four sequences.

    Args:
        templates: folder of the average brain.
        config: its numbers.
        rng: chance: which of ``config.anatomies`` it is, and how it is painted.
        device: where it is painted.

    Raises:
        UsageError: there are no templates.
    """
    if not templates:
        raise UsageError("augmentation: synthetic patients need templates: FOLDER of an average brain.")
    number = int(rng.integers(config.anatomies or 2**62))
    anatomy = (_kept if config.anatomies else _fresh)(Path(templates), config, number)
    there = replace(anatomy, **{name: value.to(device) for name, value in vars(anatomy).items()})
    return paint(there, f"synthetic {number}", config, rng)


def make_patients(
    templates: Path, count: int, seed: int, config: SynthesisConfig | None = None
) -> list[LabelledCase]:
    """``count`` different patients; patient ``n`` of a seed is always the same.

    Raises:
        UsageError: there are no templates.
    """
    config, patients = config or SynthesisConfig(), []
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        anatomy = make_anatomy(load_template(templates), config, rng)
        patients.append(paint(anatomy, f"synthetic {seed}-{number}", config, rng).labelled())
    return patients


def _fresh(templates: Path, config: SynthesisConfig, number: int) -> Anatomy:
    return make_anatomy(load_template(templates), config, np.random.default_rng(number))


_kept = lru_cache(maxsize=KEPT)(_fresh)
