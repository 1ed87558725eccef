"""What is measured of one region, by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from humor.errors import UsageError

from .calibration import calibration_error
from .hausdorff import hd95
from .lesions import lesion_dice
from .mask import Mask
from .overlaps import mask_dice, precision, sensitivity
from .volumes import relative_volume_error, volume_error_ml


@dataclass(frozen=True)
class Pair:
    """A region as found and in truth, on one grid.

    Attributes:
        found: what was segmented.
        truth: what the expert marked.
        probability: of the voxels of the brain, ``[N]``; empty unless calibration is measured.
        marked: bool ``[N]``, whether the expert marked these voxels.
    """

    found: Mask
    truth: Mask
    probability: np.ndarray
    marked: np.ndarray


@dataclass(frozen=True)
class Measure:
    """Attributes:
    title: for tables, with its unit.
    of: the number, NaN where it is undefined.
    higher_is_better: the direction.
    digits: decimals in tables.
    """

    title: str
    of: Callable[[Pair], float]
    higher_is_better: bool
    digits: int


DICE, CALIBRATION = "dice", "ece"

MEASURES: dict[str, Measure] = {
    DICE: Measure("Dice", lambda pair: mask_dice(pair.found, pair.truth), True, 3),
    "hd95_mm": Measure("HD95 (mm)", lambda pair: hd95(pair.found, pair.truth), False, 1),
    "lesion_dice": Measure("Lesion-wise Dice", lambda pair: lesion_dice(pair.found, pair.truth), True, 3),
    "volume_error_ml": Measure(
        "Volume error (ml)", lambda pair: volume_error_ml(pair.found, pair.truth), False, 1
    ),
    "volume_error": Measure(
        "Relative volume error", lambda pair: relative_volume_error(pair.found, pair.truth), False, 3
    ),
    "sensitivity": Measure("Sensitivity", lambda pair: sensitivity(pair.found, pair.truth), True, 3),
    "precision": Measure("Precision", lambda pair: precision(pair.found, pair.truth), True, 3),
    CALIBRATION: Measure(
        "Expected calibration error in the brain",
        lambda pair: calibration_error(pair.probability, pair.marked),
        False,
        4,
    ),
}
"""Column name → measure, in the order of tables."""


def checked_measures(names: Sequence[str]) -> tuple[str, ...]:
    """The names in the order of tables.

    Raises:
        UsageError: a name is unknown.
    """
    if unknown := sorted(set(names) - set(MEASURES)):
        raise UsageError(f"{', '.join(unknown)}: no such metric. Known: {', '.join(MEASURES)}.")
    return tuple(name for name in MEASURES if name in names)
